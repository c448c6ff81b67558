"""The shared input fields: one canonical spelling in, a sentence that says what to do otherwise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, fields

from services.kernel.http.schemas import (
    BaseSchema,
    EmailField,
    InstantField,
    LanguageField,
    LocalDateField,
    NameField,
    PhoneField,
    PlaceField,
    WordsField,
    ZoneField,
)

FIELDS: list[fields.Field[Any]] = [
    InstantField(),
    LocalDateField(),
    ZoneField(),
    PlaceField(),
    LanguageField(),
    NameField(),
    WordsField(40),
    EmailField(),
    PhoneField(),
]


@pytest.mark.parametrize(
    ("field", "given_", "canonical"),
    [
        (InstantField(), "2026-11-24T14:00:00+07:00", "2026-11-24T07:00:00.000000Z"),
        (LocalDateField(), "2024-02-29", "2024-02-29"),
        (ZoneField(), "Asia/Jakarta", "Asia/Jakarta"),
        (PlaceField(), "US-AZ", "US-AZ"),
        (LanguageField(), "zh-Hant", "zh-Hant"),
        (NameField(), "  Jose\u0301  Santoso ", "José Santoso"),
        (WordsField(40), "one\r\ntwo", "one\ntwo"),
        (EmailField(), " Dewi.A+x@Example.ORG ", "Dewi.A+x@example.org"),
        (EmailField(), "dewi@bücher.example", "dewi@xn--bcher-kva.example"),
        (PhoneField(), "+62 (812) 3456-7890", "+6281234567890"),
    ],
)
def test_what_is_accepted_is_made_canonical(field: fields.Field[Any], given_: str, canonical: str) -> None:
    assert field.deserialize(given_) == canonical


@pytest.mark.parametrize(
    ("field", "given_"),
    [
        (InstantField(), "2026-11-24T14:00:00"),
        (InstantField(), "0001-01-01T00:00:00+14:00"),
        (InstantField(), "tomorrow"),
        (LocalDateField(), "2026-02-29"),
        (LocalDateField(), "20261124"),
        (LocalDateField(), "2026-W48-2"),
        (ZoneField(), "WIB"),
        (ZoneField(), "../etc/passwd"),
        (PlaceField(), "us-az"),
        (PlaceField(), "US-AZ\n"),
        (LanguageField(), "english"),
        (NameField(), " "),
        (NameField(), "a\nb"),
        (NameField(), "\u200b"),
        (NameField(), "x" * 201),
        (WordsField(4), "aaaaa"),
        (WordsField(4), "\u00e9\u00e9\u00e9"),
        (WordsField(40), "a\x00b"),
        (WordsField(40), "\n \n"),
        (EmailField(), "dewi"),
        (EmailField(), "dewi@localhost"),
        (EmailField(), "a@b@example.org"),
        (EmailField(), "dewi@example.org\r\nBcc: x@example.org"),
        (EmailField(), ".dewi@example.org"),
        (PhoneField(), "0812 3456 7890"),
        (PhoneField(), "+62" + "1" * 14),
    ],
)
def test_what_is_refused_is_told_what_to_do(field: fields.Field[Any], given_: str) -> None:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(given_)
    assert str(caught.value.messages[0]).endswith(".")


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: type(field).__name__)
@given(value=st.one_of(st.text(), st.none(), st.integers(), st.floats(), st.lists(st.text(max_size=2)), st.booleans()))
def test_whatever_comes_is_accepted_as_canonical_or_refused(field: fields.Field[Any], value: object) -> None:
    try:
        accepted = field.deserialize(value)
    except ValidationError:
        return
    accepted.encode("utf-8")
    assert field.deserialize(accepted) == accepted


def test_an_unknown_field_is_an_error() -> None:
    class Person(BaseSchema):
        name = NameField(required=True)

    with pytest.raises(ValidationError) as caught:
        Person().load({"name": "Dewi", "nmae": "x"})
    assert caught.value.messages == {"nmae": ["There is no field of this name. Check its spelling, or leave it out."]}
