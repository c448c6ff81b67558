"""Declaring events: what may stand in one, whom it names, and how older versions are raised."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from services.kernel.events import (
    DeclarationError,
    UnknownVersion,
    event,
    event_type,
    find_type,
    persons_of,
    raise_to_current,
    upcast,
)
from services.kernel.fields import Client, Code, Counselor, Id, PersonId, Reader, Seal, Sealed

Text = Annotated[Sealed, Seal("client", "notes")]


@dataclass(frozen=True, slots=True)
class Party:
    counselor: Counselor
    deputies: tuple[Counselor, ...] = ()


@event("declared.meeting-held", version=3, public=True)
class MeetingHeld:
    client: Client
    readers: tuple[Reader, ...]
    parties: tuple[Party, ...]
    host: Counselor | None
    text: Text | None


@upcast("declared.meeting-held", since=1)
def _one_to_two(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"steps": [*data.get("steps", []), "1>2"]}


@upcast("declared.meeting-held", since=2)
def _two_to_three(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"steps": [*data.get("steps", []), "2>3"]}


@event("declared.never-raised", version=3)
class NeverRaised:
    code: Code


@upcast("declared.never-raised", since=2)
def _only_the_last_step(data: dict[str, Any]) -> dict[str, Any]:
    return data


def test_a_declared_event_says_what_it_seals_and_whom_it_names() -> None:
    declared = event_type(MeetingHeld)
    assert (declared.name, declared.version, declared.public, declared.service) == (
        "declared.meeting-held",
        3,
        True,
        "declared",
    )
    assert declared.seals == {"text": Seal("client", "notes")}
    assert declared.persons == {"client": "client", "readers": "reader", "host": "counselor"}


@pytest.mark.parametrize("kind", [str, float, bytes, Any, dict[str, int], list[Id], object])
def test_what_is_no_kind_of_field_may_not_stand_in_clear(kind: Any) -> None:
    class Loose:
        __annotations__ = {"client": Client, "words": kind}

    with pytest.raises(DeclarationError, match=r"declared\.loose\.words.*may not stand in clear"):
        event("declared.loose")(Loose)
    assert find_type("declared.loose") is None


def test_a_bare_text_deep_inside_a_part_is_found() -> None:
    @dataclass(frozen=True, slots=True)
    class Part:
        remark: str

    class Wrapping:
        __annotations__ = {"parts": tuple[Part, ...]}

    with pytest.raises(DeclarationError, match=r"wrapping\.parts\.remark"):
        event("declared.wrapping")(Wrapping)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Annotated[Sealed, Seal("nobody", "notes")], "sealed for 'nobody', which is no field"),
        (Sealed, "may not stand in clear"),  # sealed, but for whom
        (tuple[Text, ...], "may not stand in clear"),  # a seal holds one value
    ],
)
def test_a_seal_needs_one_value_and_a_keyholder_that_the_event_names(kind: Any, told: str) -> None:
    class Astray:
        __annotations__ = {"client": Client, "text": kind}

    with pytest.raises(DeclarationError, match=told):
        event("declared.astray")(Astray)


def test_a_name_is_declared_once() -> None:
    class Again:
        code: Code

    with pytest.raises(DeclarationError, match="declared twice"):
        event("declared.meeting-held")(Again)
    found = find_type("declared.meeting-held")
    assert found is not None
    assert found.cls is MeetingHeld


def test_everybody_named_is_found_however_deep() -> None:
    held = MeetingHeld(
        client=PersonId("c"),
        readers=(PersonId("r1"), PersonId("r2")),
        parties=(Party(PersonId("a"), (PersonId("d"),)), Party(PersonId("b"))),
        host=None,
        text=None,
    )
    assert persons_of(held) == [
        ("client", "c"),
        ("reader", "r1"),
        ("reader", "r2"),
        ("counselor", "a"),
        ("counselor", "d"),
        ("counselor", "b"),
    ]


def test_an_older_version_is_raised_one_step_a_version() -> None:
    declared = event_type(MeetingHeld)
    assert raise_to_current(declared, 1, {})["steps"] == ["1>2", "2>3"]
    assert raise_to_current(declared, 2, {})["steps"] == ["2>3"]
    assert raise_to_current(declared, 3, {}) == {}


@pytest.mark.parametrize("version", [0, 1, 4, 99])
def test_a_version_without_a_way_to_the_present_one_is_unknown(version: int) -> None:
    with pytest.raises(UnknownVersion, match=f"declared.never-raised version {version}"):
        raise_to_current(event_type(NeverRaised), version, {})
