"""The bytes of an event: one form, read back as it was written, and nothing in it that has no form."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.codec import MAX_BYTES, NotEncodable, Unknown, decode, dumps, encode, heading
from services.kernel.events import Entry, UnknownVersion, event
from services.kernel.fields import Client, ClinicId, Code, Id, PersonId, Sealed, seal
from services.kernel.time import Instant
from tests.shop import NOON, NoteKept


@event("coded.things-counted")
class ThingsCounted:
    client: Client
    codes: tuple[Code, ...]
    numbers: tuple[int, ...]
    sure: bool
    maybe: Code | None


# Any text that UTF-8 can hold: control characters, U+2028 and those beyond the basic plane among it.
odd_text = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\u2028\u2029", "\x00\x1f\x7f", "😀𝔘", '"\\/', "\ufeff\ufffe", "é é"]
)
whole = st.integers(-(2**53) + 1, 2**53 - 1)
things = st.builds(
    ThingsCounted,
    client=odd_text.map(PersonId),
    codes=st.lists(odd_text.map(Code)).map(tuple),
    numbers=st.lists(whole).map(tuple),
    sure=st.booleans(),
    maybe=st.none() | odd_text.map(Code),
)
texts_or_none = st.none() | odd_text


def entry_of(data: Any, **more: Any) -> Entry[Any]:
    declared: dict[str, Any] = {
        "id": Id("e1"),
        "type": "coded.things-counted",
        "typeversion": 1,
        "stream": "coded/thing/1",
    }
    return Entry(**declared | {"streamversion": 1, "time": NOON, "actor": "ana", "data": data} | more)


def counted(**more: Any) -> ThingsCounted:
    plain = ThingsCounted(client=PersonId("p"), codes=(), numbers=(), sure=True, maybe=None)
    return replace(plain, **more)


entries = st.builds(
    entry_of,
    things,
    id=odd_text.map(Id),
    stream=odd_text,
    streamversion=st.integers(1, 2**31),
    actor=odd_text,
    clinic=texts_or_none.map(lambda text: None if text is None else ClinicId(text)),
    onbehalfof=texts_or_none,
    correlationid=texts_or_none,
    causationid=texts_or_none,
)


@given(entries)
def test_what_is_written_is_read_back(entry: Entry[Any]) -> None:
    assert decode(encode(entry)) == entry


@given(entries)
def test_the_bytes_are_those_of_the_one_setting(entry: Entry[Any]) -> None:
    body = encode(entry)
    form = json.loads(body)
    assert body == json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert list(form) == sorted(form)
    assert None not in [value for name, value in form.items() if name != "data"]
    assert heading(body) == (entry.type, entry.stream)


@given(st.recursive(st.none() | st.booleans() | whole | odd_text, lambda part: st.dictionaries(odd_text, part)))
def test_the_order_of_keys_does_not_show(form: Any) -> None:
    def turned(part: Any) -> Any:
        return {k: turned(v) for k, v in reversed(part.items())} if isinstance(part, dict) else part

    assert dumps(form) == dumps(turned(form))


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64])
def test_an_integer_beyond_53_bits_is_refused(number: int) -> None:
    with pytest.raises(NotEncodable, match=r"coded\.things-counted\.numbers\[1\].*53 bits"):
        encode(entry_of(counted(numbers=(1, number))))


@pytest.mark.parametrize("value", [1.0, float("nan"), b"bytes", {1, 2}])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(NotEncodable, match=r"coded\.things-counted\.maybe: \w+ has no form"):
        encode(entry_of(counted(maybe=value)))


def test_words_that_are_not_sealed_are_refused_and_not_told() -> None:
    kept = NoteKept(client=PersonId("p"), number=1, text=seal("the secret"))
    with pytest.raises(NotEncodable, match=r"shop\.note-kept\.text holds words") as told:
        encode(entry_of(kept))
    assert "the secret" not in str(told.value)
    assert "the secret" not in repr(kept)


@pytest.mark.parametrize("half", ["\ud800", "x\udfffy"])
def test_half_a_character_is_refused_with_its_place(half: str) -> None:
    with pytest.raises(NotEncodable, match=r"coded\.things-counted\.codes\[0\] holds half of a character"):
        encode(entry_of(counted(codes=(Code(half),))))
    with pytest.raises(NotEncodable, match=r"coded\.things-counted: actor holds half of a character"):
        encode(entry_of(counted(), actor=half))


def test_too_large_an_event_is_refused_before_it_is_stored() -> None:
    room = MAX_BYTES - len(encode(entry_of(counted(maybe=Code("")))))
    assert len(encode(entry_of(counted(maybe=Code("x" * room))))) == MAX_BYTES
    with pytest.raises(NotEncodable, match=f"{MAX_BYTES + 1} bytes"):
        encode(entry_of(counted(maybe=Code("x" * (room + 1)))))


def test_an_unknown_type_is_kept_as_it_came_and_an_unknown_version_waits() -> None:
    form = json.loads(encode(entry_of(counted())))
    assert decode(dumps(form | {"type": "nobody.knows", "data": {"a": [1]}})).data == Unknown({"a": [1]})
    with pytest.raises(UnknownVersion):
        decode(dumps(form | {"typeversion": 2}))


@pytest.mark.parametrize(
    "change",
    [{"data": {}}, {"data": None}, {"streamversion": "1"}, {"id": 7}, {"type": None}],
)
def test_bytes_that_are_no_event_are_told_as_such(change: dict[str, Any]) -> None:
    form = json.loads(encode(entry_of(counted())))
    with pytest.raises(ValueError, match=r".+"):
        decode(dumps(form | change))


def test_a_commitment_stands_where_the_words_were() -> None:
    kept = NoteKept(client=PersonId("p"), number=1, text=Sealed("ab" * 32))
    read = decode(encode(entry_of(kept, type="shop.note-kept", time=Instant(NOON))))
    assert read.data == kept
