"""The gate: may this session start, here, now?

Seven items must all be met, and each gives its reasons, all at once:

    place              the client attested, for this session, where they are
    clearance          the law lets this counselor serve a client there, now (``judge``)
    identity           the client said the phrase that proves who they are
    consent            every required consent is in force in its current text
    emergency_contact  there is somebody to call for the attested place
    fallback           another way was agreed on, for when technology fails
    readiness          both sides confirmed that they are ready

An item is met, not met, or not known; an unknown never counts as met. The gate opens a quarter of an hour before the
start and closes when the booked time is over; in between it stays shut while the law was not heard of lately, and while
one of the two is still in another session. It stops counselling, never help. Sources: ACA H.1.b, H.2, H.3, H.4; NBCC
distance standards; 16 CCR 1815.5(d); Alabama 536-X-8-.10(2).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.practice import Decision
from services.contracts.sessions import GateItemKind, GateVerdict, Party
from services.contracts.vocabulary import Mender, Verdict
from services.kernel.fields import Code
from services.kernel.time import Instant
from services.sessions.domain import consent, readiness
from services.sessions.domain.client import Client
from services.sessions.domain.consent import Item
from services.sessions.domain.identity_check import TRIES
from services.sessions.domain.session import Session

# A session that nobody ended is believed to run so long beyond its booked time, and no longer: one that was forgotten
# must not shut its client out from everybody else.
OVERRUN_MINUTES = 60

_FROM_DECISION: dict[Verdict, GateVerdict] = {
    "permitted": "met",
    "prohibited": "not_met",
    "undetermined": "not_known",
}


@dataclass(frozen=True, slots=True)
class GateReason:
    """Why an item is not met: a code, what it is about (a code too, or empty), and who can mend it."""

    code: Code
    about: Code = Code("")
    mender: Mender = "nobody"


@dataclass(frozen=True, slots=True)
class GateItem:
    """One item of the gate, with every reason against it."""

    kind: GateItemKind
    verdict: GateVerdict
    reasons: tuple[GateReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Around:
    """What the session itself does not know. ``fresh``: whether the law was heard of lately, so that a revocation would
    be known. ``in_session``: who of the two is in another session that runs."""

    fresh: bool
    in_session: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """The answer: every item, what the time says against it, and the decision of the law that it rests on.

    ``decision`` is none before the client's place is attested: then there is nothing to decide about.
    """

    at: Instant
    items: tuple[GateItem, ...]
    timing: tuple[GateReason, ...]
    decision: Decision | None

    @property
    def is_open(self) -> bool:
        """Whether the session may start at this moment."""
        return not self.timing and all(item.verdict == "met" for item in self.items)

    @property
    def codes(self) -> tuple[Code, ...]:
        """Every reason against the start, by its code, each once."""
        reasons = [*self.timing, *(reason for item in self.items for reason in item.reasons)]
        return tuple(dict.fromkeys(reason.code for reason in reasons))


def gate(
    session: Session, client: Client, items: Iterable[Item], decision: Decision | None, around: Around, at: Instant
) -> Gate:
    """Decide whether the session may start at ``at``. ``decision``: for the attested place, this counselor, now."""
    decided = decision if session.attested else None
    checks = (
        _place(session),
        _clearance(decided),
        _identity(session),
        _consent(client, items),
        _emergency_contact(session, client),
        _fallback(client),
        _readiness(session),
    )
    return Gate(at, checks, _timing(session, around, at), decided)


def _place(session: Session) -> GateItem:
    if session.attested:
        return GateItem("place", "met")
    return _open("place", GateReason(Code("place_not_attested"), mender="client"))


def _clearance(decision: Decision | None) -> GateItem:
    if decision is None:
        unknown = GateReason(Code("place_unknown"), mender="client")
        return GateItem("clearance", "not_known", (unknown,))
    if decision.verdict == "permitted":
        return GateItem("clearance", "met")
    reasons = dict.fromkeys(GateReason(Code(reason.code), reason.fact, reason.mender) for reason in decision.reasons)
    return GateItem("clearance", _FROM_DECISION[decision.verdict], tuple(reasons))


def _identity(session: Session) -> GateItem:
    if session.identified:
        return GateItem("identity", "met")
    if session.tries >= TRIES:
        return _open("identity", GateReason(Code("too_many_tries"), mender="operator"))
    code = "phrase_not_matched" if session.tries else "identity_not_checked"
    return _open("identity", GateReason(Code(code), mender="client"))


def _consent(client: Client, items: Iterable[Item]) -> GateItem:
    missing = consent.missing(items, client.consents)
    reasons = (GateReason(Code("consent_not_in_force"), Code(item), "client") for item in missing)
    return _judged("consent", reasons)


def _emergency_contact(session: Session, client: Client) -> GateItem:
    if client.emergency_plan is None:
        return _open("emergency_contact", GateReason(Code("no_emergency_contact"), mender="client"))
    if not session.attested:
        unknown = GateReason(Code("place_unknown"), mender="client")
        return GateItem("emergency_contact", "not_known", (unknown,))
    if client.has_emergency_contact_for(session.place):
        return GateItem("emergency_contact", "met")
    elsewhere = GateReason(Code("emergency_contact_elsewhere"), Code(client.emergency_plan.place), "client")
    return _open("emergency_contact", elsewhere)


def _fallback(client: Client) -> GateItem:
    if client.fallback is not None:
        return GateItem("fallback", "met")
    return _open("fallback", GateReason(Code("no_fallback"), mender="client"))


def _readiness(session: Session) -> GateItem:
    reasons = [
        GateReason(Code(f"{role}_not_ready"), Code(item), role)
        for role in readiness.ITEMS
        for item in readiness.still_open(role, session.ready.get(role, ()))
    ]
    return _judged("readiness", reasons)


def _timing(session: Session, around: Around, at: Instant) -> tuple[GateReason, ...]:
    """What stands against the start whatever the items say: it is over, or not yet time, or too late; or, in its time,
    it has to wait for news of the law, or for another session to end."""
    if session.stage != "booked":
        return (GateReason(Code(f"session_{session.stage}")),)
    if at < session.opens:
        return (GateReason(Code("too_early")),)
    if at >= session.ends:
        return (GateReason(Code("too_late")),)
    news = () if around.fresh else (GateReason(Code("law_not_heard"), mender="operator"),)
    return (*news, *(GateReason(Code(f"{role}_in_session"), mender="counselor") for role in around.in_session))


def _judged(kind: GateItemKind, reasons: Iterable[GateReason]) -> GateItem:
    """Met when nothing stands against it."""
    against = tuple(reasons)
    return _open(kind, *against) if against else GateItem(kind, "met")


def _open(kind: GateItemKind, *reasons: GateReason) -> GateItem:
    return GateItem(kind, "not_met", reasons)
