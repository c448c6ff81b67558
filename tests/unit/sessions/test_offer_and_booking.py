"""Who is offered, and what stands against a booking."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.contracts.practice import Decision, Reason
from services.contracts.vocabulary import Verdict
from services.kernel.fields import ClinicId, Code, Hash, Id, Language, PersonId, Place, Reference, Sealed
from services.kernel.time import Instant, LocalDate, Zone, plus
from services.sessions.consent import consent_items
from services.sessions.domain import booking
from services.sessions.domain.booking import Wish, obstacle
from services.sessions.domain.client import Client
from services.sessions.domain.consent import Given
from services.sessions.domain.hours import Hours, Taken, parse_weekly
from services.sessions.domain.offer import TIMES_SHOWN, Offer, offer

NOW = Instant("2026-11-24T00:00:00.000000Z")
TEN = Instant("2026-11-24T10:00:00.000000Z")
ITEMS = consent_items()
HOURS = Hours(
    counselor=PersonId("counselor"),
    zone=Zone("UTC"),
    weekly=parse_weekly(["tue 09:00-12:00"]),
    minutes=60,
    notice_minutes=0,
    modalities=("video",),
    since=LocalDate("2026-01-01"),
    until=None,
)
CLIENT = Client(
    PersonId("client"),
    ClinicId("k"),
    Place("US-AZ"),
    {},
    {item.code: Given(item.version, Language("en")) for item in ITEMS if item.required},
)
WISH = Wish(PersonId("counselor"), TEN, "video")


def decision(verdict: Verdict, at: Instant, change: Instant | None = None) -> Decision:
    reasons = () if verdict == "permitted" else (Reason("licence_required"),)
    return Decision(verdict, at, reasons, (), (), (), change, Hash("0" * 64), Id("c"), 1)


def changing(at: Instant, before: Verdict, after: Verdict) -> Callable[[Instant], Decision]:
    """A law that says one thing before an instant, and another from then on."""
    return lambda asked: decision(before, asked, at) if asked < at else decision(after, asked)


def starts(count: int) -> list[Instant]:
    return [plus(TEN, hours=n) for n in range(count)]


def test_only_times_at_which_the_law_permits_are_offered() -> None:
    licence_ends = plus(TEN, hours=3)
    found = offer(HOURS, "video", starts(6), changing(licence_ends, "permitted", "prohibited"), NOW)
    assert isinstance(found, Offer)
    assert found.times == tuple(starts(3))
    begins = offer(HOURS, "video", starts(6), changing(licence_ends, "prohibited", "permitted"), NOW)
    assert isinstance(begins, Offer)
    assert begins.times == tuple(starts(6)[3:])


def test_the_law_is_asked_again_only_when_its_answer_may_change() -> None:
    asked: list[Instant] = []

    def ask(at: Instant) -> Decision:
        asked.append(at)
        return decision("permitted", at)

    found = offer(HOURS, "video", starts(100), ask, NOW)
    assert isinstance(found, Offer)
    assert (len(found.times), asked) == (TIMES_SHOWN, [TEN])


@pytest.mark.parametrize(
    ("verdict", "coarse"), [("prohibited", "not_licensed_there"), ("undetermined", "not_known_yet")]
)
def test_who_may_not_is_not_offered_with_the_coarse_reason(verdict: Verdict, coarse: str) -> None:
    assert offer(HOURS, "video", starts(3), lambda at: decision(verdict, at), NOW) == coarse
    assert offer(HOURS, "video", [], lambda at: decision(verdict, at), NOW) == coarse


def test_who_may_but_not_then_or_not_so_is_not_offered_this_way_or_time() -> None:
    assert offer(HOURS, "video", [], lambda at: decision("permitted", at), NOW) == "not_this_way_or_time"
    assert offer(HOURS, "phone", starts(3), lambda at: decision("permitted", at), NOW) == "not_this_way_or_time"
    assert offer(None, "video", [], lambda at: decision("permitted", at), NOW) == "not_this_way_or_time"


def test_a_free_time_with_everything_agreed_has_no_obstacle() -> None:
    assert obstacle(WISH, CLIENT, HOURS, (), ITEMS, NOW, fresh=True) is None


def test_each_obstacle_is_named() -> None:
    bare = replace(CLIENT, consents={})
    missing = obstacle(WISH, bare, HOURS, (), ITEMS, NOW, fresh=True)
    assert missing is not None
    assert missing.reason == booking.CONSENT_NOT_IN_FORCE
    assert set(missing.about) == {item.code for item in ITEMS if item.required}
    off = replace(WISH, start=plus(TEN, minutes=5))
    taken = (Taken(TEN, plus(TEN, minutes=30)),)
    assert reason(off, HOURS) == booking.TIME_NOT_OFFERED
    assert reason(WISH, None) == booking.TIME_NOT_OFFERED
    assert reason(replace(WISH, modality="phone"), HOURS) == booking.WAY_NOT_OFFERED
    assert reason(WISH, HOURS, taken) == booking.TIME_TAKEN
    assert reason(WISH, HOURS, now=plus(TEN, minutes=1)) == booking.TIME_NOT_OFFERED
    assert reason(WISH, HOURS, fresh=False) == booking.LAW_NOT_HEARD
    assert reason(WISH, HOURS, taken, fresh=False) == booking.TIME_TAKEN


def reason(
    wish: Wish, hours: Hours | None, taken: tuple[Taken, ...] = (), now: Instant = NOW, fresh: bool = True
) -> Code | None:
    found = obstacle(wish, CLIENT, hours, taken, ITEMS, now, fresh=fresh)
    return found.reason if found else None


def test_what_is_not_permitted_cannot_be_booked() -> None:
    named = {"session": Id("s"), "reference": Reference("S-4K7T"), "tzdata": Code("2026a")}
    made = booking.booked(WISH, CLIENT, HOURS, decision("permitted", TEN), Sealed("x"), **named)  # type: ignore[arg-type]
    assert (made.minutes, made.governing_zone, made.jurisdiction) == (60, "UTC", "US-AZ")
    for verdict in ("prohibited", "undetermined"):
        with pytest.raises(ValueError, match="permitted"):
            booking.booked(WISH, CLIENT, HOURS, decision(verdict, TEN), Sealed("x"), **named)  # type: ignore[arg-type]
