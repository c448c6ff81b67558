"""Counting failed tries and mails, by address and by source; how long to wait is decided by ``domain.throttle``."""

from sqlalchemy import RowMapping, case, select, update

from services.identity.address import Address
from services.identity.domain import throttle
from services.identity.domain.throttle import Counter, Limit
from services.identity.lookups import EMAIL, Asks
from services.identity.readmodels import throttles
from services.kernel.store.tables import names
from services.kernel.time import Instant, plus
from services.kernel.work import Work

_NEVER = Instant("0001-01-01T00:00:00.000000Z")


def of_address(address: Address) -> str:
    """The name under which tries with an address are counted."""
    return f"address/{address.index}"


def seconds_to_wait(work: Work, address: Address, source: str) -> int:
    """How long a try with this address from this source must wait; 0 is not at all."""
    limits = {of_address(address): throttle.OF_ADDRESS, source: throttle.OF_SOURCE}
    counters = _counters(work, *limits)
    return max(throttle.wait(limit, counters.get(name), work.now) for name, limit in limits.items())


def count_failure(work: Work, address: Address, source: str) -> None:
    """One more failure of both."""
    _count(work, of_address(address), throttle.OF_ADDRESS)
    _count(work, source, throttle.OF_SOURCE)


def forgive(work: Work, address: Address) -> None:
    """It went well: failures of this address are forgotten. Those of the source stand, or a thief with one account of
    their own could go on for ever."""
    work.rows.delete(throttles, name=of_address(address))


def clear_tries(work: Work, account: str) -> None:
    """Forget whatever was counted for the address of an account: the way is open again, and nothing of it is left."""
    held = select(names.c.name).where(names.c.scope == EMAIL, names.c.owner == account)
    for row in work.query(held):
        work.rows.delete(throttles, name=f"address/{row['name']}")
        work.rows.delete(throttles, name=f"mail/{row['name']}")


def is_first_to_wait(work: Work, address: Address) -> bool:
    """Whether this is the first try since the last failure that has to wait; asking marks it."""
    row = _rows(work, of_address(address)).get(of_address(address))
    if row is None or row["told"]:
        return False
    work.rows.update(throttles, {"name": of_address(address)}, told=True)
    return True


def is_mail_allowed(work: Work, address: Address) -> bool:
    """Whether one more mail may be caused to this address by anybody; it is counted."""
    name = f"mail/{address.index}"
    if throttle.wait(throttle.OF_MAIL, _counters(work, name).get(name), work.now):
        return False
    _count(work, name, throttle.OF_MAIL)
    return True


def _counters(asks: Asks, *wanted: str) -> dict[str, Counter]:
    return {name: Counter(row["failures"], row["last"]) for name, row in _rows(asks, *wanted).items()}


def _rows(asks: Asks, *wanted: str) -> dict[str, RowMapping]:
    return {row["name"]: row for row in asks.query(select(throttles).where(throttles.c.name.in_(wanted)))}


def _count(work: Work, name: str, limit: Limit) -> None:
    """Add one where the row stands, so that two failures at the same moment are two."""
    horizon = _NEVER if limit.forget is None else plus(work.now, seconds=-limit.forget)
    work.rows.add(throttles, name=name, failures=0, last=work.now, told=False)
    failures = case((throttles.c.last <= horizon, 0), else_=throttles.c.failures) + 1
    work.row(update(throttles).where(throttles.c.name == name).values(failures=failures, last=work.now, told=False))
