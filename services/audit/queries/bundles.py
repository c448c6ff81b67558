"""A bundle that was exported, made again for whoever exported it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select

from services.audit.bundling import make, unpack_filter
from services.audit.readmodels import bundles
from services.audit.rounds import sound
from services.audit.verifier.note import Key
from services.kernel.errors import Conflict, NotFound
from services.kernel.service import Service
from services.kernel.time import Instant, plus

OFFERED_MINUTES = 60

_HELP = f"Export it again; a bundle is offered for {OFFERED_MINUTES} minutes to whoever exported it."


@dataclass(frozen=True, slots=True)
class BundleRow:
    """What was kept of an export."""

    bundle: str
    clinic: str | None
    reader: str
    filter: str
    size: int
    indexes: tuple[int, ...]
    hash: str
    at: Instant


def bundle_row(service: Service, bundle: str) -> BundleRow:
    """What is known of this bundle. Raises ``NotFound`` when there is none, or it is not offered any more."""
    found = service.query(select(bundles).where(bundles.c.bundle == bundle))
    if not found or plus(found[0]["at"], minutes=OFFERED_MINUTES) <= service.clock():
        raise NotFound("No bundle is offered by this id.", help=_HELP)
    row = found[0]
    return BundleRow(
        bundle=bundle,
        clinic=row["clinic"] or None,
        reader=row["reader"],
        filter=row["filter"],
        size=row["size"],
        indexes=tuple(map(int, row["found"].split())),
        hash=row["hash"],
        at=row["at"],
    )


def bundle_data(service: Service, row: BundleRow, keys: Sequence[Key]) -> bytes:
    """The bytes of the zip file, the same as when it was exported. Raises ``Damaged``, or ``Conflict`` where what was
    kept of the export does not give them any more."""
    with sound(service) as connection:
        data = make(connection, unpack_filter(row.filter), row.size, row.indexes, keys)
    if sha256(data).hexdigest() != row.hash:
        raise Conflict("The bundle would not be the one that was exported.", help=_HELP)
    return data
