"""Credentials: recording one, attaching evidence, and looking it up as a second person."""

import re
import unicodedata
from dataclasses import dataclass, field

from sqlalchemy import func, select

from services.contracts.licensing import CredentialRecorded, EvidenceAttached, VerificationRecorded
from services.contracts.vocabulary import CredentialKind, Profession, SourceKind, VerificationVerdict
from services.kernel.chain import frame
from services.kernel.errors import Conflict, FieldError, Invalid
from services.kernel.fields import Id, Name, Place, seal
from services.kernel.keys.port import Keys
from services.kernel.store.tables import names
from services.kernel.time import Instant, LocalDate
from services.kernel.work import Work
from services.licensing import streams
from services.licensing.commands.due import mark_due
from services.licensing.domain.credential import check_dates, is_later
from services.licensing.domain.evidence import check_room, media_type_of
from services.licensing.domain.verification import check_look, check_verifier
from services.licensing.lookups import actor, need_credential
from services.licensing.readmodels import credentials, evidence

LICENCE = "licence"  # the scope of names in which the index of a number is held by its credential


@dataclass(frozen=True, slots=True)
class RecordCredential:
    """``index``: see ``index_of``."""

    kind: CredentialKind
    profession: Profession
    issuer: Name
    jurisdiction: Place
    since: LocalDate
    until: LocalDate | None
    source: SourceKind
    number: str = field(repr=False)
    index: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttachEvidence:
    credential: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecordVerification:
    credential: str
    verdict: VerificationVerdict
    source: Name
    looked_at: Instant
    valid_until: Instant
    remark: str | None = field(repr=False)


def index_of(keys: Keys, kind: str, issuer: str, jurisdiction: str, number: str) -> str:
    """The blind index of a number: a keyed hash over kind, issuer and number, however they are spelled.

    Letter case, blanks and marks between the characters do not count. Raises ``Invalid`` for a number without letters
    and digits, and ``KeysUnavailable``.
    """
    parts = (kind, jurisdiction, _bare(issuer), _bare(number))
    if not parts[-1]:
        detail = "A number has letters or digits; copy it as the credential prints it."
        raise Invalid("This is not a number of a credential.", help=detail, errors=(FieldError("/number", detail),))
    return keys.mac("index", b"licence/" + frame(*(part.encode() for part in parts))).hex()


def record_credential(work: Work, order: RecordCredential) -> Id:
    """Record a credential of one's own; a renewed one may keep its number. Raises ``Invalid``, and ``Conflict`` where
    the number is recorded already, by somebody else or by oneself for this period or a later one."""
    counselor = actor(work)
    check_dates(order.since, order.until, order.jurisdiction)
    credential = work.new_id()
    _claim_number(work, order, counselor, credential)
    recorded = CredentialRecorded(
        credential=credential,
        counselor=counselor,
        recorded_by=counselor,
        kind=order.kind,
        profession=order.profession,
        issuer=order.issuer,
        jurisdiction=order.jurisdiction,
        since=order.since,
        until=order.until,
        source=order.source,
        number=seal(order.number),
    )
    work.append(streams.credential(credential), recorded)
    mark_due(work, counselor)
    return credential


def _claim_number(work: Work, order: RecordCredential, counselor: str, credential: Id) -> None:
    """The index of a number is held by its newest credential."""
    claimed = select(names.c.owner).where(names.c.scope == LICENCE, names.c.name == order.index)
    for held in work.query(select(credentials).where(credentials.c.credential.in_(claimed))):
        own = held["counselor"] == counselor
        if not (own and is_later(order.since, order.until, held["since"], held["until"])):
            raise number_taken(own=own)
        work.rows.delete(names, scope=LICENCE, name=order.index, owner=held["credential"])
    work.claim_name(LICENCE, order.index, credential)


def number_taken(*, own: bool = False) -> Conflict:
    """Why a number cannot be recorded once more."""
    if own:
        return Conflict(
            "You have recorded this number of this issuer already, for this time or a later one.",
            help="GET /licensing/v1/credentials shows it. A renewal is recorded with its own, later dates.",
        )
    return Conflict(
        "This number of this issuer is already recorded by somebody else of this network.",
        help="Check the number. If it is yours, tell a verifier: they will look up whose it is.",
    )


def attach_evidence(work: Work, order: AttachEvidence) -> Id:
    """Attach a file to a credential. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    state = need_credential(work, order.credential)
    media_type = media_type_of(order.content)
    attached = select(func.count().label("files")).where(evidence.c.credential == state.id)
    check_room(work.query(attached)[0]["files"])
    made = EvidenceAttached(
        credential=state.id,
        counselor=state.counselor,
        evidence=work.new_id(),
        media_type=media_type,
        size=len(order.content),
        file=seal(order.content),
    )
    work.append(streams.credential(state.id), made)
    return made.evidence


def record_verification(work: Work, order: RecordVerification) -> Id:
    """Say what was found at the source. Raises ``NotFound``, ``Forbidden``, ``Invalid``."""
    state = need_credential(work, order.credential)
    check_verifier(actor(work), state.counselor, state.recorded_by)
    check_look(order.source, order.looked_at, order.valid_until, work.now)
    found = VerificationRecorded(
        credential=state.id,
        counselor=state.counselor,
        verifier=actor(work),
        verdict=order.verdict,
        source=order.source,
        looked_at=order.looked_at,
        valid_until=order.valid_until,
        remark=None if order.remark is None else seal(order.remark),
    )
    work.append(streams.credential(state.id), found)
    mark_due(work, state.counselor)
    return state.id


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()
