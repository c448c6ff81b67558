"""Identity's tables: those built from events, and the plain ones beside them.

``TABLES`` can be rebuilt from nothing by the projections. ``PLAIN`` cannot and must not: what opens an account, the
counters, the secrets' hashes, the letters that wait, and the link from an account to its clients, which no event
carries and which erasure deletes. A rebuild leaves ``PLAIN`` alone.
"""

from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from services.contracts.audit import AuditErasureAnswered
from services.contracts.common import ErasureAnswer
from services.contracts.identity import (
    AccountRegistered,
    ClientJoined,
    ClientLeft,
    ClinicFounded,
    ClinicSettingsChanged,
    EmailConfirmed,
    ErasureCompleted,
    ErasureOrdered,
    ErasureRequested,
    ErasureWithdrawn,
    IdentityErasureAnswered,
    InvitationAccepted,
    InvitationIssued,
    InvitationRevoked,
    LegalHoldLifted,
    LegalHoldPlaced,
    MembershipEnded,
    MembershipGranted,
    NetworkFounded,
    SignInsRevoked,
)
from services.contracts.licensing import LicensingErasureAnswered
from services.contracts.sessions import ClinicOpened, SessionsErasureAnswered
from services.kernel.events import Entry
from services.kernel.http.serving import revocations_table, revoke
from services.kernel.projections import Projections, Rows

TABLES = MetaData()
PLAIN = MetaData()
PROJECTIONS = Projections()

networks = Table(
    "networks",
    TABLES,
    Column("network", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("languages", Text, nullable=False),  # tags, with blanks between them
    Column("founded", Text, nullable=False),
)

clinics = Table(
    "clinics",
    TABLES,
    Column("clinic", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("languages", Text, nullable=False),
    Column("erasure_wait_days", Integer, nullable=False),
    Column("retention_floor_years", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)

# Clinics whose key sessions has made: from now on words of their clients can be sealed.
openings = Table("openings", TABLES, Column("clinic", Text, primary_key=True), Column("at", Text, nullable=False))

accounts = Table(
    "accounts",
    TABLES,
    Column("account", Text, primary_key=True),
    Column("registered", Text, nullable=False),  # the event that holds the e-mail
    Column("locale", Text),
    Column("zone", Text),
    Column("confirmed", Boolean, nullable=False),
)

memberships = Table(
    "memberships",
    TABLES,
    Column("membership", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("clinic", Text),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    Column("ended", Text),
    Index("memberships_account", "account"),
    Index("memberships_clinic", "clinic"),
)

invitations = Table(
    "invitations",
    TABLES,
    Column("invitation", Text, primary_key=True),
    Column("clinic", Text),
    Column("roles", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("inviter", Text, nullable=False),
    Column("issued", Text, nullable=False),  # the event that holds the e-mail
    Column("answer", Text),
    Index("invitations_clinic", "clinic"),
)

clients = Table(
    "clients",
    TABLES,
    Column("client", Text, primary_key=True),
    Column("clinic", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("joined", Text, nullable=False),
    Column("left", Text),
)

erasures = Table(
    "erasures",
    TABLES,
    Column("erasure", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("not_before", Text, nullable=False),
    Column("ordered", Text),
    Column("completed", Text),
    Index("erasures_client", "client"),
    Index("erasures_state", "state", "not_before"),
)

erasure_answers = Table(
    "erasure_answers",
    TABLES,
    Column("erasure", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("until", Text),
    Column("basis", Text),
    Column("values", Integer, nullable=False),
    PrimaryKeyConstraint("erasure", "service", name="erasure_answers_pkey"),
)

holds = Table(
    "holds",
    TABLES,
    Column("hold", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("placed", Text, nullable=False),
    Column("lifted", Text),
    Index("holds_client", "client"),
)

revocations = revocations_table(TABLES)

passwords = Table(
    "passwords",
    PLAIN,
    Column("account", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # argon2id, in its own text form
)

sign_ins = Table(
    "sign_ins",
    PLAIN,
    Column("sid", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("ended", Text),
    Index("sign_ins_account", "account"),
)

# Failures in a row, by what they are counted for: the index of an address, a keyed hash of a source.
throttles = Table(
    "throttles",
    PLAIN,
    Column("name", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", Text, nullable=False),
    Column("told", Boolean, nullable=False),  # whether a try that had to wait was recorded since the last failure
)

# Secrets sent by mail or printed at the first start: their SHA-256 alone.
tokens = Table(
    "tokens",
    PLAIN,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # the account or the invitation that it is for; of a founding none: ""
    Column("clinic", Text),
    Column("password", Text),  # the hash of the password chosen with it, which counts once the address is proven
    Column("expires", Text, nullable=False),
    Index("tokens_subject", "subject"),
)

links = Table(
    "links",
    PLAIN,
    Column("client", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    UniqueConstraint("account", "clinic", name="links_account_clinic_key"),
)

# Letters that wait to be sent. The secret of a letter is made when it is sent, so none lies here.
letters = Table(
    "letters",
    PLAIN,
    Column("notice", Text, primary_key=True),
    Column("template", Text, nullable=False),
    Column("person", Text, nullable=False),  # an account, a client or an invitation
    Column("clinic", Text),
    Column("password", Text),
    Column("tries", Integer, nullable=False),
    Column("due", Text, nullable=False),
)


@PROJECTIONS.on(NetworkFounded)
def _network_founded(entry: Entry[NetworkFounded], rows: Rows) -> None:
    event = entry.data
    rows.put(networks, network=event.network, name=event.name, languages=" ".join(event.languages), founded=entry.time)


@PROJECTIONS.on(ClinicFounded)
def _clinic_founded(entry: Entry[ClinicFounded], rows: Rows) -> None:
    event = entry.data
    rows.put(clinics, clinic=event.clinic, jurisdiction=event.jurisdiction, **_terms(event, entry.streamversion))


@PROJECTIONS.on(ClinicSettingsChanged)
def _clinic_changed(entry: Entry[ClinicSettingsChanged], rows: Rows) -> None:
    rows.update(clinics, {"clinic": entry.data.clinic}, **_terms(entry.data, entry.streamversion))


@PROJECTIONS.on(ClinicOpened)
def _clinic_opened(entry: Entry[ClinicOpened], rows: Rows) -> None:
    rows.add(openings, clinic=entry.data.clinic, at=entry.time)


@PROJECTIONS.on(AccountRegistered)
def _account_registered(entry: Entry[AccountRegistered], rows: Rows) -> None:
    event = entry.data
    rows.put(
        accounts, account=event.account, registered=entry.id, locale=event.locale, zone=event.zone, confirmed=False
    )


@PROJECTIONS.on(EmailConfirmed)
def _email_confirmed(entry: Entry[EmailConfirmed], rows: Rows) -> None:
    rows.update(accounts, {"account": entry.data.account}, confirmed=True)


@PROJECTIONS.on(MembershipGranted)
def _membership_granted(entry: Entry[MembershipGranted], rows: Rows) -> None:
    event = entry.data
    rows.put(
        memberships,
        membership=event.membership,
        account=event.account,
        clinic=event.clinic,
        role=event.role,
        name=event.name,
        since=event.since,
        until=event.until,
        ended=None,
    )


@PROJECTIONS.on(MembershipEnded)
def _membership_ended(entry: Entry[MembershipEnded], rows: Rows) -> None:
    rows.update(memberships, {"membership": entry.data.membership}, ended=entry.data.at)


@PROJECTIONS.on(InvitationIssued)
def _invitation_issued(entry: Entry[InvitationIssued], rows: Rows) -> None:
    event = entry.data
    rows.put(
        invitations,
        invitation=event.invitation,
        clinic=event.clinic,
        roles=" ".join(event.roles),
        expires=event.expires,
        inviter=event.inviter,
        issued=entry.id,
        answer=None,
    )


@PROJECTIONS.on(InvitationAccepted)
def _invitation_accepted(entry: Entry[InvitationAccepted], rows: Rows) -> None:
    rows.update(invitations, {"invitation": entry.data.invitation}, answer="accepted")


@PROJECTIONS.on(InvitationRevoked)
def _invitation_revoked(entry: Entry[InvitationRevoked], rows: Rows) -> None:
    rows.update(invitations, {"invitation": entry.data.invitation}, answer="revoked")


@PROJECTIONS.on(ClientJoined)
def _client_joined(entry: Entry[ClientJoined], rows: Rows) -> None:
    event = entry.data
    rows.put(clients, client=event.client, clinic=event.clinic, reference=event.reference, joined=entry.time, left=None)


@PROJECTIONS.on(ClientLeft)
def _client_left(entry: Entry[ClientLeft], rows: Rows) -> None:
    rows.update(clients, {"client": entry.data.client}, left=entry.data.at)


@PROJECTIONS.on(ErasureRequested)
def _erasure_requested(entry: Entry[ErasureRequested], rows: Rows) -> None:
    event = entry.data
    rows.put(
        erasures,
        erasure=event.erasure,
        client=event.client,
        clinic=event.clinic,
        state="requested",
        asked=entry.time,
        not_before=event.not_before,
        ordered=None,
        completed=None,
    )


@PROJECTIONS.on(ErasureWithdrawn)
def _erasure_withdrawn(entry: Entry[ErasureWithdrawn], rows: Rows) -> None:
    rows.update(erasures, {"erasure": entry.data.erasure}, state="withdrawn")


@PROJECTIONS.on(ErasureOrdered)
def _erasure_ordered(entry: Entry[ErasureOrdered], rows: Rows) -> None:
    rows.update(erasures, {"erasure": entry.data.erasure}, state="ordered", ordered=entry.time)


@PROJECTIONS.on(ErasureCompleted)
def _erasure_completed(entry: Entry[ErasureCompleted], rows: Rows) -> None:
    rows.update(erasures, {"erasure": entry.data.erasure}, state="completed", completed=entry.time)


@PROJECTIONS.on(IdentityErasureAnswered)
def _identity_answered(entry: Entry[IdentityErasureAnswered], rows: Rows) -> None:
    _answered("identity", entry.data.answer, rows)


@PROJECTIONS.on(LicensingErasureAnswered)
def _licensing_answered(entry: Entry[LicensingErasureAnswered], rows: Rows) -> None:
    _answered("licensing", entry.data.answer, rows)


@PROJECTIONS.on(SessionsErasureAnswered)
def _sessions_answered(entry: Entry[SessionsErasureAnswered], rows: Rows) -> None:
    _answered("sessions", entry.data.answer, rows)


@PROJECTIONS.on(AuditErasureAnswered)
def _audit_answered(entry: Entry[AuditErasureAnswered], rows: Rows) -> None:
    _answered("audit", entry.data.answer, rows)


@PROJECTIONS.on(LegalHoldPlaced)
def _hold_placed(entry: Entry[LegalHoldPlaced], rows: Rows) -> None:
    event = entry.data
    rows.put(
        holds,
        hold=event.hold,
        client=event.client,
        clinic=event.clinic,
        basis=event.basis,
        placed=entry.time,
        lifted=None,
    )


@PROJECTIONS.on(LegalHoldLifted)
def _hold_lifted(entry: Entry[LegalHoldLifted], rows: Rows) -> None:
    rows.update(holds, {"hold": entry.data.hold}, lifted=entry.time)


@PROJECTIONS.on(SignInsRevoked)
def _sign_ins_revoked(entry: Entry[SignInsRevoked], rows: Rows) -> None:
    revoke(rows, revocations, entry.data.sid or entry.data.account, entry.data.at)


def _answered(service: str, answer: ErasureAnswer, rows: Rows) -> None:
    """A service answers once; that it comes again changes nothing."""
    rows.add(
        erasure_answers,
        erasure=answer.erasure,
        service=service,
        kind=answer.kind,
        until=answer.until,
        basis=answer.basis,
        values=answer.values,
    )


def _terms(event: ClinicFounded | ClinicSettingsChanged, version: int) -> dict[str, Any]:
    return {
        "name": event.name,
        "zone": event.zone,
        "languages": " ".join(event.languages),
        "erasure_wait_days": event.erasure_wait_days,
        "retention_floor_years": event.retention_floor_years,
        "version": version,
    }
