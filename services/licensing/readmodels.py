"""Licensing's tables: those built from events, and the plain one beside them.

``TABLES`` can be rebuilt from nothing by the projections. ``PLAIN`` is a queue: whose clearances are to be derived
again; a rebuild leaves it alone. Numbers, files and remarks are never here: a row holds the event that carries them.
"""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, select, update

from services.contracts.identity import MembershipEnded, MembershipGranted, SignInsRevoked
from services.contracts.licensing import (
    ClearancePublished,
    CredentialRecorded,
    EvidenceAttached,
    PlaceRulesPublished,
    ProfileRecorded,
    VerificationRecorded,
)
from services.kernel.codec import dumps, to_plain
from services.kernel.events import Entry
from services.kernel.http.serving import revocations_table, revoke
from services.kernel.projections import Projections, Rows

TABLES = MetaData()
PLAIN = MetaData()
PROJECTIONS = Projections()

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
    Index("memberships_clinic", "clinic", "role"),
)

revocations = revocations_table(TABLES)

# Everybody with a profile: for whom clearances are derived.
profiles = Table("profiles", TABLES, Column("counselor", Text, primary_key=True))

credentials = Table(
    "credentials",
    TABLES,
    Column("credential", Text, primary_key=True),
    Column("counselor", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("profession", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    Column("recorded", Text, nullable=False),  # the event that holds the number
    Column("recorded_at", Text, nullable=False),
    Column("verdict", Text),  # of the newest look
    Column("valid_until", Text),
    Index("credentials_counselor", "counselor"),
    Index("credentials_recorded", "recorded_at", "credential"),
)

evidence = Table(
    "evidence",
    TABLES,
    Column("evidence", Text, primary_key=True),
    Column("credential", Text, nullable=False),
    Column("counselor", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("attached", Text, nullable=False),  # the event that holds the file
    Column("attached_at", Text, nullable=False),
    Index("evidence_credential", "credential"),
)

verifications = Table(
    "verifications",
    TABLES,
    Column("verified", Text, primary_key=True),  # the event, which may hold a remark
    Column("credential", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("looked_at", Text, nullable=False),
    Column("valid_until", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("remarked", Boolean, nullable=False),
    Index("verifications_credential", "credential"),
)

# The newest revision of each clearance, and of each place's rules, as they were published.
clearances = Table(
    "clearances",
    TABLES,
    Column("counselor", Text, nullable=False),
    Column("profession", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("counselor", "profession", "place", name="clearances_pkey"),
)
place_rules = Table(
    "place_rules", TABLES, Column("place", Text, primary_key=True), Column("body", Text, nullable=False)
)

# Whose clearances are to be derived again: a row for everybody for whom it ever was, without a mark once it is done.
due = Table(
    "due",
    PLAIN,
    Column("counselor", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("at", Text, nullable=False),
)


@PROJECTIONS.on(MembershipGranted)
def _membership_granted(entry: Entry[MembershipGranted], rows: Rows) -> None:
    told = entry.data
    rows.add(
        memberships,
        membership=told.membership,
        account=told.account,
        clinic=told.clinic,
        role=told.role,
        name=told.name,
        since=told.since,
        until=told.until,
        ended=None,
    )


@PROJECTIONS.on(MembershipEnded)
def _membership_ended(entry: Entry[MembershipEnded], rows: Rows) -> None:
    rows.update(memberships, {"membership": entry.data.membership}, ended=entry.data.at)


@PROJECTIONS.on(SignInsRevoked)
def _sign_ins_revoked(entry: Entry[SignInsRevoked], rows: Rows) -> None:
    revoke(rows, revocations, entry.data.sid or entry.data.account, entry.data.at)


@PROJECTIONS.on(ProfileRecorded)
def _profile_recorded(entry: Entry[ProfileRecorded], rows: Rows) -> None:
    rows.put(profiles, counselor=entry.data.counselor)


@PROJECTIONS.on(CredentialRecorded)
def _credential_recorded(entry: Entry[CredentialRecorded], rows: Rows) -> None:
    told = entry.data
    rows.put(
        credentials,
        credential=told.credential,
        counselor=told.counselor,
        recorded_by=told.recorded_by,
        kind=told.kind,
        profession=told.profession,
        issuer=told.issuer,
        jurisdiction=told.jurisdiction,
        since=told.since,
        until=told.until,
        recorded=entry.id,
        recorded_at=entry.time,
        verdict=None,
        valid_until=None,
    )


@PROJECTIONS.on(EvidenceAttached)
def _evidence_attached(entry: Entry[EvidenceAttached], rows: Rows) -> None:
    told = entry.data
    rows.put(
        evidence,
        evidence=told.evidence,
        credential=told.credential,
        counselor=told.counselor,
        media_type=told.media_type,
        size=told.size,
        attached=entry.id,
        attached_at=entry.time,
    )


@PROJECTIONS.on(VerificationRecorded)
def _verification_recorded(entry: Entry[VerificationRecorded], rows: Rows) -> None:
    told = entry.data
    of_it = verifications.c.credential == told.credential
    newer = select(verifications.c.verified).where(of_it, verifications.c.looked_at > told.looked_at)
    newest = update(credentials).where(credentials.c.credential == told.credential, ~newer.exists())
    rows.statements.append(newest.values(verdict=told.verdict, valid_until=told.valid_until))
    rows.put(
        verifications,
        verified=entry.id,
        credential=told.credential,
        verifier=told.verifier,
        verdict=told.verdict,
        source=told.source,
        looked_at=told.looked_at,
        valid_until=told.valid_until,
        recorded_at=entry.time,
        remarked=told.remark is not None,
    )


@PROJECTIONS.on(ClearancePublished)
def _clearance_published(entry: Entry[ClearancePublished], rows: Rows) -> None:
    told = entry.data.clearance
    rows.put(clearances, counselor=told.counselor, profession=told.profession, place=told.place, body=_as_json(told))


@PROJECTIONS.on(PlaceRulesPublished)
def _place_rules_published(entry: Entry[PlaceRulesPublished], rows: Rows) -> None:
    rows.put(place_rules, place=entry.data.rules.place, body=_as_json(entry.data.rules))


def _as_json(value: object) -> str:
    return dumps(to_plain(value)).decode()
