"""Making a bundle from the log's rows; the same question over the same checkpoint always gives the same bytes.

No bundle leaves that the verifier has not proven: what an officer hands on must not fail in front of a doubter.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from services.audit.domain.bundle import Logged, make_bundle
from services.audit.merkle import Damaged, at, newest_checkpoint, nodes, signer_of
from services.audit.verifier.filter import Filter, parse_filter
from services.audit.verifier.note import Key
from services.audit.verifier.report import Outcome
from services.audit.verifier.strict import VerificationError, canonical
from services.audit.verifier.verify import verify_bundle
from services.kernel.errors import Invalid

MAX_BYTES = 64 << 20


def make(connection: Connection, asked: Filter, size: int, indexes: Sequence[int], keys: Sequence[Key]) -> bytes:
    """The bundle of the events at ``indexes``, over the checkpoint of ``size``. Raises ``Damaged``; ``Invalid`` where
    the events are too large for one file."""
    published = newest_checkpoint(connection, size)
    if published is None:
        raise Damaged(size - 1, "the checkpoint that ends here is missing")
    found = _within_bounds(connection, indexes)
    try:
        key = signer_of(published.note, keys)
        data = make_bundle(checkpoint=published.note, key=key, filter=asked, found=found, nodes=nodes(connection))
    except VerificationError as error:
        raise Damaged(size - 1, f"no bundle of the log up to it can be made: {error}") from None
    report = verify_bundle(data, key.text())
    if report.outcome is not Outcome.PROVEN:
        raise Damaged(size - 1, f"the bundle of the log up to it does not verify ({report.failed}: {report.reason})")
    return data


def _within_bounds(connection: Connection, indexes: Sequence[int]) -> list[Logged]:
    """The rows of these events. Raises ``Invalid`` as soon as there are more bytes than one bundle may hold."""
    found: list[Logged] = []
    total = 0
    for kept in at(connection, indexes):
        total += len(kept.body)
        if total > MAX_BYTES:
            raise Invalid("The events are too large for one bundle.", help="Narrow the question, by time for example.")
        found.append(kept.logged())
    return found


def pack_filter(asked: Filter) -> str:
    """A filter as one column."""
    return canonical(asked.parts()).decode()


def unpack_filter(text: str) -> Filter:
    """The filter again."""
    return parse_filter(json.loads(text))
