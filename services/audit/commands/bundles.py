"""Exporting a bundle: the answer to a question, as a file that proves itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from sqlalchemy import Connection, insert

from services.audit import streams
from services.audit.bundling import make, pack_filter
from services.audit.domain.question import Question, sought
from services.audit.merkle import newest_checkpoint
from services.audit.readmodels import bundles
from services.audit.rounds import refuse_faulty
from services.audit.search import examine, ids_of
from services.audit.verifier.filter import Filter
from services.audit.verifier.note import Key
from services.contracts.audit import BundleExported
from services.kernel.errors import Invalid, Unavailable
from services.kernel.fields import ClinicId, Code, Hash, PersonId
from services.kernel.work import Work

MOST = 5000  # events in one bundle


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be exported, and what for. ``keys`` gives the log's public keys, newest first; it is asked behind the
    checkpoint, so that it knows the key that signed it."""

    question: Question
    purpose: Code
    keys: Callable[[], Sequence[Key]]


@dataclass(frozen=True, slots=True)
class Exported:
    """Under which id the bundle may be had, and the SHA-256 of its bytes in hex."""

    bundle: str
    hash: str


@dataclass(frozen=True, slots=True)
class _Answer:
    asked: Filter
    size: int
    indexes: list[int]
    data: bytes


def export_bundle(work: Work, order: Export) -> Exported:
    """Answer the question from every leaf under the newest checkpoint, and record who takes it away and what for.

    Raises ``Invalid`` where it would be too large, ``Unavailable`` before the first checkpoint, ``Damaged``.
    """
    with work.backend.reading() as connection:
        answer = _answer(connection, order)
    question, made, named = order.question, work.new_id(), sought(answer.asked)
    digest = Hash(sha256(answer.data).hexdigest())
    event = BundleExported(
        reader=PersonId(work.who.actor),
        clinic=ClinicId(question.clinic) if question.clinic else None,
        looked_for=named.ids,
        reference=named.reference,
        filter_hash=named.hash,
        purpose=order.purpose,
        count=len(answer.indexes),
        size=answer.size,
        bundle_hash=digest,
    )
    work.append(streams.bundle(made), event, clinic=question.clinic)
    work.row(
        insert(bundles).values(
            bundle=made,
            clinic=question.clinic or "",
            reader=work.who.actor,
            filter=pack_filter(answer.asked),
            size=answer.size,
            found=" ".join(map(str, answer.indexes)),
            hash=digest,
            at=work.now,
        )
    )
    return Exported(made, digest)


def _answer(connection: Connection, order: Export) -> _Answer:
    refuse_faulty(connection)
    question = order.question
    asked = question.filter(ids_of(connection, question.clinic, question.reference))
    published = newest_checkpoint(connection)
    if published is None:
        raise Unavailable("The log has no checkpoint yet.", help="Wait a few seconds.", retry_after=5)
    indexes = list(islice(examine(connection, asked, published), MOST + 1))
    if len(indexes) > MOST:
        raise Invalid(f"More than {MOST} events match.", help="Narrow the question, by time for example.")
    return _Answer(asked, published.size, indexes, make(connection, asked, published.size, indexes, order.keys()))
