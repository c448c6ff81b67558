"""Events of sessions: what a clinic knows of its client, booking, the counselling process, notes, and who read what."""

from typing import Annotated, Literal

from services.contracts.common import ErasureAnswer, Refusal
from services.contracts.identity import Template
from services.contracts.practice import DecisionRef
from services.contracts.vocabulary import Modality, Outcome
from services.kernel.events import event
from services.kernel.fields import (
    Author,
    Client,
    ClinicId,
    Code,
    Counselor,
    Hash,
    Id,
    Language,
    PersonId,
    Place,
    Reader,
    Reference,
    Seal,
    Sealed,
)
from services.kernel.time import Instant, LocalDate, Zone

Details = Annotated[Sealed, Seal("client", "details")]
Notes = Annotated[Sealed, Seal("client", "notes")]
ExactFacts = Annotated[Sealed, Seal("client", "decision")]

Party = Literal["client", "counselor"]
By = Literal["client", "counselor", "operator"]
ConsentMethod = Literal["own_click", "guardian_click", "spoken"]
IdentityMethod = Literal["phrase"]
CheckVerdict = Literal["matched", "not_matched"]
GateItemKind = Literal["place", "clearance", "identity", "consent", "emergency_contact", "fallback", "readiness"]
GateVerdict = Literal["met", "not_met", "not_known"]
Absent = Literal["client", "counselor", "both", "technical"]
LengthBucket = Literal["up_to_256", "up_to_1k", "up_to_4k", "up_to_16k", "over_16k"]


@event("sessions.clinic-opened", public=True)
class ClinicOpened:
    """The clinic's key exists; from now on words of its clients can be sealed."""

    clinic: ClinicId
    key_name: Code
    key_version: int


@event("sessions.availability-set")
class AvailabilitySet:
    """``weekly``: local hours such as ``mon 09:00-12:00``, read in ``zone``; ``minutes``: the length of a session."""

    counselor: Counselor
    zone: Zone
    weekly: tuple[Code, ...]
    minutes: int
    notice_minutes: int
    modalities: tuple[Modality, ...]
    since: LocalDate
    until: LocalDate | None


@event("sessions.exception-set")
class ExceptionSet:
    """Times of one local day in place of the weekly ones; none at all means closed."""

    counselor: Counselor
    day: LocalDate
    hours: tuple[Code, ...]


@event("sessions.client-enrolled")
class ClientEnrolled:
    """``present`` names the fields that were given; what they say is sealed."""

    client: Client
    clinic: ClinicId
    present: tuple[Code, ...]
    jurisdiction: Place
    name: Details
    birth_date: Details
    city: Details | None
    zone: Details
    language: Details
    phone: Details | None
    emergency_contact: Details
    phrase: Details


@event("sessions.client-details-changed")
class ClientDetailsChanged:
    client: Client
    clinic: ClinicId
    changed: tuple[Code, ...]
    jurisdiction: Place | None
    name: Details | None
    birth_date: Details | None
    city: Details | None
    zone: Details | None
    language: Details | None
    phone: Details | None
    emergency_contact: Details | None
    phrase: Details | None


@event("sessions.consent-given")
class ConsentGiven:
    client: Client
    clinic: ClinicId
    item: Code
    text_version: int
    locale: Language
    text_hash: Hash
    method: ConsentMethod


@event("sessions.consent-withdrawn")
class ConsentWithdrawn:
    client: Client
    clinic: ClinicId
    item: Code


@event("sessions.fallback-agreed")
class FallbackAgreed:
    client: Client
    clinic: ClinicId
    modality: Modality
    number: Details


@event("sessions.emergency-plan-set")
class EmergencyPlanSet:
    client: Client
    clinic: ClinicId
    jurisdiction: Place
    contact: Details


@event("sessions.session-booked")
class SessionBooked:
    session: Id
    reference: Reference
    clinic: ClinicId
    client: Client
    counselor: Counselor
    start: Instant
    minutes: int
    governing_zone: Zone
    tzdata: Code
    modality: Modality
    jurisdiction: Place
    decision: DecisionRef
    facts: ExactFacts


@event("sessions.booking-refused")
class BookingRefused:
    """Refused by the decision, or because the time was taken (then there is no decision)."""

    clinic: ClinicId
    client: Client
    counselor: Counselor
    start: Instant
    reasons: tuple[Code, ...]
    decision: DecisionRef | None
    facts: ExactFacts | None


@event("sessions.session-judged-again")
class SessionJudgedAgain:
    """What a coming session rests on has changed: the law, who counsels, or where one of the two lives."""

    session: Id
    client: Client
    counselor: Counselor
    decision: DecisionRef


@event("sessions.session-cancelled")
class SessionCancelled:
    session: Id
    client: Client
    by: By
    reason: Code
    words: Notes | None


@event("sessions.session-missed")
class SessionMissed:
    session: Id
    client: Client
    absent: Absent
    words: Notes | None


@event("sessions.notice-due", public=True)
class NoticeDue:
    """``person`` is a client id or an account id; identity knows how to reach them. A mail carries no content."""

    notice: Id
    person: PersonId
    template: Template
    reference: Reference
    instants: tuple[Instant, ...]


@event("sessions.place-attested")
class PlaceAttested:
    session: Id
    client: Client
    jurisdiction: Place
    city: Details | None


@event("sessions.identity-checked")
class IdentityChecked:
    """``tries``: the how many-th try of this session it was."""

    session: Id
    client: Client
    method: IdentityMethod
    verdict: CheckVerdict
    tries: int


@event("sessions.readiness-confirmed")
class ReadinessConfirmed:
    session: Id
    client: Client
    role: Party
    items: tuple[Code, ...]


@event("sessions.session-started")
class SessionStarted:
    """``way`` holds the link, or the number used; ``checked_digits`` says that the last digits were attested."""

    session: Id
    client: Client
    counselor: Counselor
    items: tuple[GateItemKind, ...]
    verdicts: tuple[GateVerdict, ...]
    decision: DecisionRef
    modality: Modality
    checked_digits: bool
    way: ExactFacts
    facts: ExactFacts


@event("sessions.start-refused")
class StartRefused:
    session: Id
    client: Client
    counselor: Counselor
    items: tuple[GateItemKind, ...]
    verdicts: tuple[GateVerdict, ...]
    reasons: tuple[Code, ...]
    decision: DecisionRef | None
    facts: ExactFacts


@event("sessions.session-ended")
class SessionEnded:
    session: Id
    client: Client
    outcome: Outcome
    minutes: int
    reason: Code
    summary: Notes | None


@event("sessions.note-signed")
class NoteSigned:
    note: Id
    session: Id
    client: Client
    author: Author
    length: LengthBucket
    text: Notes


@event("sessions.record-read")
class RecordRead:
    """Everybody whose words a response showed, and which kinds of words."""

    reader: Reader
    role: Code
    purpose: Code
    clients: tuple[Client, ...]
    items: tuple[Code, ...]
    count: int


@event("sessions.erasure-answered", public=True)
class SessionsErasureAnswered:
    answer: ErasureAnswer


@event("sessions.operation-refused")
class SessionsOperationRefused:
    refusal: Refusal
