"""Contact: the facts of one contact between a counselor and a client, as the law asks for them.

``judge`` decides from clearances, place rules and these facts. What is not known stays None, and None is never a yes.
The exact facts are sealed with the event of the decision; in clear stands only the reference to the decision.
Quotas count contacts: when booking, every one that is booked or was held; when starting, those that began before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from services.contracts.practice import Clearance, Condition, Consent, Contact, Facts, place_chain
from services.contracts.vocabulary import Modality
from services.kernel.codec import dumps, to_plain
from services.kernel.fields import PersonId, Place
from services.kernel.time import Instant, LocalDate

Moment = Literal["booking", "starting"]
Stage = Literal["booked", "cancelled", "missed", "started", "ended"]

_COUNTS: dict[Moment, frozenset[Stage]] = {
    "booking": frozenset({"booked", "started", "ended"}),
    "starting": frozenset({"started", "ended"}),
}


@dataclass(frozen=True, slots=True)
class PastContact:
    """One session as it counts for others: when and where, between whom, and how far it came."""

    session: str
    start: Instant
    counselor: PersonId
    client: PersonId
    place: Place
    stage: Stage


@dataclass(frozen=True, slots=True)
class Setting:
    """The contact that is asked about: who, whom, where, by which way, at which moment of its life."""

    counselor: PersonId
    client: PersonId
    client_place: Place | None
    counselor_place: Place | None
    modality: Modality
    moment: Moment
    session: str | None = None  # none while it is only being booked


def facts_of(
    setting: Setting,
    *,
    salt: str,
    birth_date: str | None,
    consents: tuple[Consent, ...],
    clearances: Iterable[Clearance],
    sessions: Iterable[PastContact],
) -> Facts:
    """The facts for ``judge``. ``sessions``: all of this counselor and of this client. Whether a guardian consented is
    not known here, so for a minor the answer is never a yes."""
    others = [each for each in sessions if each.session != setting.session]
    return Facts(
        counselor=setting.counselor,
        client=setting.client,
        salt=salt,
        client_place=setting.client_place,
        counselor_place=setting.counselor_place,
        modality=setting.modality,
        act="counselling",
        client_birth_date=None if birth_date is None else LocalDate(birth_date),
        existing_client=_met_before(setting, others),
        contacts=_counted(setting, clearances, others),
        consents=consents,
    )


def sealed_form(facts: Facts) -> str:
    """The exact facts as the text that is sealed with a decision."""
    return dumps(to_plain(facts)).decode()


def has_quota(clearances: Iterable[Clearance]) -> bool:
    """Whether any route counts contacts; then nobody else may count at the same moment."""
    return any(condition.kind == "quota" for clearance in clearances for condition in _conditions(clearance))


def _conditions(clearance: Clearance) -> Iterator[Condition]:
    for route in clearance.routes:
        yield from route.conditions
    for ground in clearance.grounds:
        yield from ground.conditions
    for prohibition in clearance.prohibitions:
        yield from prohibition.conditions


def _met_before(setting: Setting, others: Iterable[PastContact]) -> bool:
    """Whether this client was this counselor's before: a session of the two took place."""
    pair = (setting.counselor, setting.client)
    return any((each.counselor, each.client) == pair and each.stage in ("started", "ended") for each in others)


def _counted(
    setting: Setting, clearances: Iterable[Clearance], others: Iterable[PastContact]
) -> tuple[Contact, ...] | None:
    """Where the client's place is not known, neither is the count; else all contacts where the same rules count."""
    if setting.client_place is None:
        return None
    ruled = _ruled_place(clearances, setting.client_place)
    return tuple(
        Contact(each.start, each.counselor, each.client)
        for each in others
        if each.stage in _COUNTS[setting.moment] and ruled in place_chain(each.place)
    )


def _ruled_place(clearances: Iterable[Clearance], place: Place) -> Place:
    """The place whose clearances count for a client here: the nearest that has one."""
    known = {clearance.place for clearance in clearances}
    return next((near for near in place_chain(place) if near in known), place)
