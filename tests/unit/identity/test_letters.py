"""The letters: in both languages, for every template, and without content."""

import pytest

from services.contracts.identity import Template
from services.contracts.vocabulary import codes
from services.identity.commands.letters import SECRET_HOLDS
from services.identity.letters import PATHS, Kept, Tongue, tongue_of, write
from services.kernel.time import LocalDate

URL = "https://counselling.example"


@pytest.mark.parametrize("template", codes(Template))
def test_every_template_is_written_in_both_languages(template: Template) -> None:
    secret = "s3cret" if template in SECRET_HOLDS else None
    english, indonesian = (write(template, tongue, URL, secret) for tongue in ("en", "id"))
    assert english.subject != indonesian.subject
    for letter in (english, indonesian):
        assert "!" not in letter.subject + letter.text
        assert ("Token: s3cret" in letter.text.splitlines()) == (secret is not None)


def test_what_carries_a_secret_leads_to_where_it_is_used() -> None:
    assert set(PATHS) == set(SECRET_HOLDS)
    letter = write("confirm_email", "en", URL, "s3cret")
    assert f"{URL}/identity/confirmations?token=s3cret" in letter.text.splitlines()


@pytest.mark.parametrize(
    ("languages", "tongue"),
    [
        (("id", "en"), "id"),
        ((None, "en"), "en"),
        (("ms", "id"), "id"),
        (("zh-Hant",), "en"),
        ((), "en"),
        (("en-GB",), "en"),
    ],
)
def test_a_letter_is_written_in_the_first_language_that_we_write(
    languages: tuple[str | None, ...], tongue: Tongue
) -> None:
    assert tongue_of(*languages) == tongue


@pytest.mark.parametrize(("tongue", "day"), [("en", "until 5 March 2031."), ("id", "sampai 5 Maret 2031.")])
def test_what_is_kept_is_told_with_its_day_where_it_is_known(tongue: Tongue, day: str) -> None:
    done, kept, dated = (
        write("erasure_answered", tongue, URL, None, kept) for kept in (None, Kept(None), Kept(LocalDate("2031-03-05")))
    )
    assert done.subject != kept.subject == dated.subject
    assert day in dated.text
    assert "2031" not in kept.text
    assert all(URL not in letter.text for letter in (done, kept, dated))
