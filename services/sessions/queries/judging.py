"""What the law says of one contact: gathers the facts, asks ``judge``, and forgets the words it needed.

Offering, booking, starting and judging again all ask here, so they cannot differ. The client's birth date is opened
for the decision only; the answer holds codes.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import or_, select

from services.contracts.practice import Clearance, Decision, Facts, PlaceRules, assuming_consents, judge, place_chain
from services.contracts.vocabulary import Modality
from services.kernel.fields import PersonId, Place, Sealed, seal
from services.kernel.time import Instant
from services.kernel.work import Work
from services.sessions.consent import consent_items
from services.sessions.domain import consent
from services.sessions.domain.client import Client
from services.sessions.domain.contact import Moment, PastContact, Setting, facts_of, has_quota, sealed_form
from services.sessions.queries.counselors import clearances_of, has_parked_rules, home_of, is_counselor_of, rules_of
from services.sessions.readmodels.tables import sessions as table


@dataclass(frozen=True, slots=True)
class News:
    """What an event in hand has just told, which the read models do not hold yet. ``home``: of the counselor whose
    sessions are judged. ``client``, ``birth_date``: of the client whose sessions are judged."""

    clearance: Clearance | None = None
    rules: PlaceRules | None = None
    no_longer: frozenset[tuple[str, str]] = field(default_factory=frozenset)  # (clinic, counselor)
    home: Place | None = None
    client: Client | None = None
    birth_date: str | None = None


NO_NEWS = News()


@dataclass(frozen=True, slots=True)
class Case:
    """One contact, ready to be judged at any instant. ``sessions``: those that its facts were counted from."""

    clearances: tuple[Clearance, ...]
    rules: PlaceRules | None
    facts: Facts
    sessions: tuple[PastContact, ...]

    def at(self, at: Instant) -> Decision:
        """The decision for a contact that begins at ``at``."""
        return judge(self.clearances, self.rules, self.facts, at)

    @property
    def counts_contacts(self) -> bool:
        """Whether a quota decides, so that the count must still be true when the decision is written."""
        return has_quota(self.clearances)

    @property
    def sealed_facts(self) -> Sealed:
        """The exact facts, to be sealed in the event of the decision."""
        return seal(sealed_form(self.facts))

    def assuming_consents(self) -> "Case":
        """The same, as if every consent that was not asked for yet were given: for an offer."""
        return replace(self, facts=assuming_consents(self.facts))


def case_of(
    work: Work,
    client: Client,
    counselor: str,
    place: Place,
    modality: Modality,
    moment: Moment,
    *,
    birth_date: str | None,
    session: str | None = None,
    news: News = NO_NEWS,
) -> Case:
    """Everything that ``judge`` needs for this client with this counselor in this place."""
    setting = Setting(
        counselor=PersonId(counselor),
        client=client.client,
        client_place=place,
        counselor_place=news.home or home_of(work, counselor),
        modality=modality,
        moment=moment,
        session=session,
    )
    clearances = _clearances(work, client, counselor, place, news)
    sessions = past_contacts(work, counselor, client.client)
    facts = facts_of(
        setting,
        salt=secrets.token_hex(32),
        birth_date=birth_date,
        consents=consent.for_rules(consent_items(), client.consents),
        clearances=clearances,
        sessions=sessions,
    )
    return Case(clearances, _rules(work, place, news), facts, sessions)


def birth_date_of(work: Work, client: Client) -> str | None:
    """The client's birth date for a decision; None where it was never given, was erased or is missing."""
    ref = client.ref("birth_date")
    opened: Mapping[tuple[str, str], object] = work.open([ref]) if ref else {}
    value = opened.get(ref) if ref else None
    return value if isinstance(value, str) else None


def past_contacts(work: Work, counselor: str, client: str) -> tuple[PastContact, ...]:
    """All sessions of this counselor and of this client, over all clinics."""
    mine = or_(table.c.counselor == counselor, table.c.client == client)
    return tuple(
        PastContact(
            session=row["session"],
            start=Instant(row["start"]),
            counselor=PersonId(row["counselor"]),
            client=PersonId(row["client"]),
            place=Place(row["place"]),
            stage=row["stage"],
        )
        for row in work.query(select(table).where(mine))
    )


def _clearances(work: Work, client: Client, counselor: str, place: Place, news: News) -> tuple[Clearance, ...]:
    """Who does not counsel for the client's clinic (any more) has no clearance there."""
    gone = (client.clinic, counselor) in news.no_longer
    if gone or not is_counselor_of(work, client.clinic, counselor):
        return ()
    known = clearances_of(work, counselor, place)
    newer = news.clearance
    if newer is None or newer.counselor != counselor:
        return known
    same = (newer.profession, newer.place)
    return (*(each for each in known if (each.profession, each.place) != same), newer)


def _rules(work: Work, place: Place, news: News) -> PlaceRules | None:
    """The place's rules; not known where newer ones could not be applied."""
    known = () if has_parked_rules(work, place) else rules_of(work, [place])
    found = known[0] if known else None
    newer = news.rules
    if newer is None or newer.place not in place_chain(place):
        return found
    if found is None or place_chain(place).index(newer.place) <= place_chain(place).index(found.place):
        return newer
    return found
