"""Every code that may stand in clear has a sentence in both languages, and no sentence is without its code."""

import pytest

from services.contracts import vocabulary, words
from services.contracts.vocabulary import codes

TABLES = {
    "VERDICTS": vocabulary.Verdict,
    "COARSE": vocabulary.CoarseReason,
    "COARSE_HELP": vocabulary.CoarseReason,
    "REASONS": vocabulary.ReasonCode,
    "MENDERS": vocabulary.Mender,
    "ROUTES": vocabulary.RouteKind,
    "MODALITIES": vocabulary.Modality,
    "OUTCOMES": vocabulary.Outcome,
    "ROLES": vocabulary.Role,
    "PROFESSIONS": vocabulary.Profession,
    "CREDENTIALS": vocabulary.CredentialKind,
    "OBLIGATIONS": vocabulary.Obligation,
    "CONSENTS": vocabulary.ConsentKind,
    "ATTESTATIONS": vocabulary.AttestationKind,
    "HELP_KINDS": vocabulary.HelpKind,
    "HELP_CAUTIONS": vocabulary.HelpCaution,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_exactly_the_codes_of_its_vocabulary(name):
    assert set(getattr(words, name)) == set(codes(TABLES[name]))


@pytest.mark.parametrize("name", TABLES)
def test_each_sentence_is_there_in_both_languages_and_calm(name):
    for code, sentence in getattr(words, name).items():
        assert set(sentence) == {"en", "id"}, code
        for text in sentence.values():
            assert text.strip() == text
            assert text
            assert "!" not in text
            assert not text.endswith(".")


def test_reasons_do_not_share_a_sentence():
    for locale in ("en", "id"):
        told = [sentence[locale] for sentence in words.REASONS.values()]
        assert len(set(told)) == len(told)
