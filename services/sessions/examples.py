"""Named example data: the people and orders of tests, docs and the sample network. None of it is about a real person.

Dewi is a client in Arizona; her counselor lives in Ontario and works by an Arizona licence.
"""

from typing import Any

from services.contracts.practice import Clearance, ConsentAge, Ground, PlaceRules, Reason, Route, RuleRef
from services.contracts.practice.days import BEGINNING
from services.contracts.vocabulary import Modality
from services.kernel.fields import Hash, Id, PersonId, Place
from services.kernel.time import Instant, LocalDate, Zone
from services.sessions.domain import readiness

PHRASE = "the blue kite over Merapi"
PHONE = "+16025550147"
ROOM = "https://rooms.example.org/s/7f3a9c"

RULE = RuleRef(Id("us-az.own-licence"), 1, LocalDate("2021-01-03"))
AGE = RuleRef(Id("us-az.minors"), 1, LocalDate("2026-01-01"))
RULESET = Hash("0" * 64)

ZONES: dict[Place, Zone] = {
    Place("US-AZ"): Zone("America/Phoenix"),
    Place("US-CA"): Zone("America/Los_Angeles"),
    Place("GB"): Zone("Europe/London"),
    Place("ID"): Zone("Asia/Jakarta"),
}


def hours(zone: str = "America/Toronto", **over: Any) -> dict[str, Any]:
    """Weekly hours as a counselor sends them: every day from nine to five, an hour each."""
    week = [f"{day} 09:00-17:00" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    modalities: list[Modality] = ["phone", "video"]
    return {"zone": zone, "weekly": week, "minutes": 60, "notice_minutes": 0, "modalities": modalities} | over


def intake(place: str = "US-AZ", **over: Any) -> dict[str, Any]:
    """The intake as a client sends it."""
    return {
        "jurisdiction": place,
        "name": "Dewi",
        "birth_date": "1991-04-02",
        "city": "Flagstaff",
        "zone": "America/Phoenix",
        "language": "en",
        "phone": PHONE,
        "emergency_contact": "Budi, my brother, +16025550101",
        "phrase": PHRASE,
    } | over


def fallback() -> dict[str, str]:
    return {"modality": "phone", "number": PHONE}


def ready(role: str) -> dict[str, list[str]]:
    """Every item that this side confirms."""
    return {"items": list(readiness.ITEMS["client" if role == "client" else "counselor"])}


def clearance(
    counselor: str,
    place: str = "US-AZ",
    *,
    allows: bool = True,
    revision: int = 1,
    until: Instant | None = None,
    route: Route | None = None,
) -> Clearance:
    """What licensing tells of a counselor in a place: one open route, or a ground on which no route is open."""
    at = Place(place)
    opened = route or Route("own_licence", BEGINNING, until, (), (), (RULE,))
    ground = Ground(BEGINNING, None, Reason("licence_required", rule=RULE, mender="counselor"))
    return Clearance(
        clearance=Id(f"clearance-{place}"),
        revision=revision,
        counselor=PersonId(counselor),
        profession="counselor",
        place=at,
        zone=ZONES[at],
        routes=(opened,) if allows else (),
        blocked=(),
        grounds=(ground,),
        prohibitions=(),
        ruleset_hash=RULESET,
    )


def place_rules(place: str = "US-AZ", **over: Any) -> PlaceRules:
    """What binds every contact there: who is eighteen may consent alone."""
    at = Place(place)
    ages = (ConsentAge("treatment", BEGINNING, None, 18, (), AGE),)
    parts: dict[str, Any] = {"consent_ages": ages, "recording": (), "retention": ()} | over
    return PlaceRules(place=at, zone=ZONES[at], ruleset_hash=RULESET, **parts)
