"""Credentials, as their owners and their verifiers see them. What is sealed is shown behind a recorded look only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, and_, or_, select

from services.contracts.licensing import EvidenceRead
from services.contracts.words import MENDERS, REASONS
from services.kernel.errors import Erased, NotFound
from services.kernel.fields import Code, PersonId
from services.kernel.http.paging import Page, PageRequest, encode_cursor
from services.kernel.ids import new_id
from services.kernel.reading import Shown
from services.kernel.service import Service
from services.kernel.time import Instant, plus
from services.kernel.work import Who
from services.licensing import streams
from services.licensing.domain.credential import Credential
from services.licensing.lookups import active, name_of, need_credential
from services.licensing.queries.counselors import Versioned
from services.licensing.readmodels import credentials, evidence, memberships, verifications

PURPOSE = Code("verification")
AGAIN_WITHIN_DAYS = 30  # a look that ends so soon is due again

_Ref = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks at what is sealed. ``clinic``: where they verify (None: for the network). Owners look at their own."""

    who: Who
    own: bool
    clinic: str | None = None


def credential_row(service: Service, credential: str) -> RowMapping:
    """The row of a credential. Raises ``NotFound``."""
    found = service.query(select(credentials).where(credentials.c.credential == credential))
    if not found:
        raise NotFound("There is no credential by this id.", help="Check the address, or look it up in the list.")
    return found[0]


def list_own(service: Service, who: Who, page: PageRequest) -> Page[dict[str, Any]]:
    """One's own credentials, oldest first, each with what follows from it now."""
    found = _page(service, select(credentials).where(credentials.c.counselor == who.actor), page)
    work = service.work(who)
    states = {row["credential"]: need_credential(work, row["credential"]) for row in found.items}
    items = tuple(_described(row) | {"state": _state(states[row["credential"]], work.now)} for row in found.items)
    return Page(items, found.next_cursor)


def list_due(
    service: Service, verifier: str, clinics: Sequence[str] | None, now: Instant, page: PageRequest
) -> Page[dict[str, Any]]:
    """Credentials that wait to be looked up: new ones, unclear ones, and those whose look ends soon or has ended.

    Of the counselors of ``clinics`` (None: of all), and none that the verifier may not verify.
    """
    open_ = or_(
        credentials.c.verdict.is_(None),
        credentials.c.verdict == "unclear",
        and_(credentials.c.verdict == "confirmed", credentials.c.valid_until <= plus(now, days=AGAIN_WITHIN_DAYS)),
    )
    asked = select(credentials).where(open_, credentials.c.counselor != verifier, credentials.c.recorded_by != verifier)
    if clinics is not None:
        theirs = active(now).where(memberships.c.clinic.in_(clinics), memberships.c.role == "counselor")
        asked = asked.where(credentials.c.counselor.in_(theirs.with_only_columns(memberships.c.account)))
    found = _page(service, asked, page)
    return Page(tuple(_waiting(service, row) for row in found.items), found.next_cursor)


def read_credential(service: Service, credential: str, looking: Looking) -> Versioned:
    """A credential with its number, its files and what was found; the look is recorded unless it is one's own."""
    row = credential_row(service, credential)
    work = service.work(looking.who)
    state = need_credential(work, credential)
    files = service.query(select(evidence).where(evidence.c.credential == credential).order_by(evidence.c.attached_at))
    looks = service.query(
        select(verifications).where(verifications.c.credential == credential).order_by(verifications.c.recorded_at)
    )
    refs = [(row["recorded"], "number"), *((each["verified"], "remark") for each in looks if each["remarked"])]
    shown = _shown(service, looking, state.counselor, refs, f"credential/{credential}")
    body = _described(row) | {
        "counselor": state.counselor,
        "name": name_of(service, state.counselor),
        "recorded_by": state.recorded_by,
        "number": shown.text(row["recorded"], "number"),
        "state": _state(state, work.now),
        "evidence": [_file(each) for each in files],
        "verifications": [_look(each, shown) for each in looks],
    }
    return Versioned(body, work.version(streams.credential(credential)))


def evidence_row(service: Service, credential: str, file: str) -> RowMapping:
    """The row of a file of a credential. Raises ``NotFound``."""
    where = (evidence.c.credential == credential, evidence.c.evidence == file)
    found = service.query(select(evidence).where(*where))
    if not found:
        raise NotFound("This credential has no such file.", help="GET the credential; it names its files.")
    return found[0]


def read_evidence(service: Service, row: RowMapping, looking: Looking) -> bytes:
    """The bytes of a file; the look is recorded unless it is one's own. Raises ``Erased``."""
    refs = [(row["attached"], "file")]
    shown = _shown(service, looking, row["counselor"], refs, f"evidence/{row['evidence']}")
    content = shown.file(row["attached"], "file")
    if content is None:
        raise Erased("This file cannot be shown any more.", help="Ask the counselor to attach it again.")
    return content


def _shown(service: Service, looking: Looking, counselor: str, refs: Sequence[_Ref], item: str) -> Shown:
    if looking.own:
        return service.reader.own(counselor, [looking.who.actor], refs)
    look = EvidenceRead(
        reader=PersonId(looking.who.actor),
        role=Code("verifier"),
        purpose=PURPOSE,
        counselors=(PersonId(counselor),),
        items=(Code(item),),
        count=len(refs),
    )
    return service.reader.show(looking.who, streams.look(new_id()), look, refs, clinic=looking.clinic)


def _page(service: Service, asked: Select[Any], page: PageRequest) -> Page[RowMapping]:
    after = page.after(at=str, credential=str)
    at, credential = credentials.c.recorded_at, credentials.c.credential
    if after is not None:
        asked = asked.where(or_(at > after["at"], and_(at == after["at"], credential > after["credential"])))
    rows = service.query(asked.order_by(at, credential).limit(page.limit + 1))
    shown, more = rows[: page.limit], len(rows) > page.limit
    cursor = encode_cursor(at=shown[-1]["recorded_at"], credential=shown[-1]["credential"]) if more else None
    return Page(tuple(shown), cursor)


def _described(row: RowMapping) -> dict[str, Any]:
    names = ("credential", "kind", "profession", "issuer", "jurisdiction", "since", "until", "recorded_at")
    return {name: row[name] for name in names}


def _waiting(service: Service, row: RowMapping) -> dict[str, Any]:
    told = {"counselor": row["counselor"], "name": name_of(service, row["counselor"])}
    return _described(row) | told | {"verdict": row["verdict"], "valid_until": row["valid_until"]}


def _state(credential: Credential, now: Instant) -> dict[str, Any]:
    known_at = max([now, credential.recorded_at, *(look.recorded_at for look in credential.verifications)])
    state = credential.state_at(now, known_at)
    return {
        "status": state.status,
        "counts": state.counts,
        "code": state.code,
        "sentence": dict(REASONS[state.code]),
        "mender": None if state.counts == "yes" else dict(MENDERS[state.mender]),
    }


def _file(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in ("evidence", "media_type", "size", "attached_at")}


def _look(row: RowMapping, shown: Shown) -> dict[str, Any]:
    names = ("verifier", "verdict", "source", "looked_at", "valid_until", "recorded_at")
    remark = shown.text(row["verified"], "remark") if row["remarked"] else None
    return {name: row[name] for name in names} | {"remark": remark}
