"""What this service says in words of its own: in both languages, and in the words of the house."""

from collections.abc import Mapping

import pytest

from services.contracts import vocabulary, words
from services.contracts.words import Words
from services.sessions.words import GATE, NEXT_STEP, NOT_OFFERED


@pytest.mark.parametrize("told", [GATE, NOT_OFFERED, NEXT_STEP])
def test_every_sentence_is_there_in_both_languages(told: Mapping[str, Words]) -> None:
    assert all(set(sentence) == {"en", "id"} and all(sentence.values()) for sentence in told.values())


def test_whoever_is_not_offered_is_told_why_and_what_next() -> None:
    assert set(NOT_OFFERED) == set(NEXT_STEP) == {*vocabulary.codes(vocabulary.CoarseReason), "law_not_heard"}


def test_the_client_is_called_as_elsewhere_in_the_house() -> None:
    told = [sentence["id"] for sentence in (*GATE.values(), *NEXT_STEP.values(), *words.REASONS.values())]
    assert any("konseli" in each.lower() for each in told)
    assert not [each for each in told if "klien" in each.lower()]
