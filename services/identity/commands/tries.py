"""Counting tries, requests and mails, by address and by source; how long to wait is decided by ``domain.throttle``.

A try with a password is reserved before the password is looked at: counted as a failure, and forgiven when it was
right. So tries at the same moment are counted one by one, and no more are looked at than the limit lets.

Who signed in rightly with an address from a place on the network may go on from there, whatever others do in the same
place: many people may sit behind one source, and none of them can lock out the rest.
"""

from dataclasses import dataclass

from sqlalchemy import RowMapping, and_, case, delete, exists, literal, not_, select, update

from services.identity.address import Address
from services.identity.domain import throttle
from services.identity.domain.throttle import Counter, Limit
from services.identity.lookups import EMAIL, Asks
from services.identity.readmodels import throttles
from services.kernel.errors import TooMany
from services.kernel.service import Service
from services.kernel.store.tables import names
from services.kernel.store.write import Write
from services.kernel.time import Instant, plus
from services.kernel.work import Work

QUIET_DAYS = 90  # after which counters are forgotten that nobody touched

_TRY = "try"  # the scope of names that number the tries with an address; owned by the address's counter
_NEVER = Instant("0001-01-01T00:00:00.000000Z")


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a try is not looked at: so many seconds; or, where the way is closed, until other proof opens it."""

    seconds: int
    closed: bool


def of_address(address: Address) -> str:
    """The name under which tries with an address are counted."""
    return f"address/{address.index}"


def reserve(work: Work, address: Address, source: str) -> Wait | None:
    """Count a try before its password is looked at; or say how long it must wait, and count nothing. Of two at the same
    moment one gets ``NameTaken`` and asks again."""
    counter, here = of_address(address), _from_here(address, source)
    rows = _rows(work, counter, source, here)
    mine = rows.get(counter)
    waits = [throttle.wait(throttle.OF_ADDRESS, _counter(mine), work.now)]
    if here not in rows:
        waits.append(throttle.wait(throttle.OF_SOURCE, _counter(rows.get(source)), work.now))
    if max(waits):
        return Wait(max(waits), throttle.is_closed(throttle.OF_ADDRESS, _counter(mine)))
    work.claim_name(_TRY, f"{counter}/{mine['failures']}/{mine['last']}" if mine else counter, counter)
    _count(work, counter, _horizon(throttle.OF_ADDRESS, work.now))
    return None


def count_failure(work: Work, source: str) -> None:
    """A reserved try was wrong: its source is counted too."""
    _count(work, source, _horizon(throttle.OF_SOURCE, work.now))


def forgive(work: Work, address: Address, source: str) -> None:
    """A reserved try was right: failures of this address are forgotten, and it is known here from now on. Failures of
    the source stand, or a thief with one account of their own could go on for ever."""
    _forget(work, of_address(address))
    work.rows.put(throttles, name=_from_here(address, source), failures=0, last=work.now, told=False)


def clear_tries(work: Work, account: str) -> None:
    """Forget whatever was counted for the address of an account: the way is open again, and nothing of it is left."""
    held = select(names.c.name).where(names.c.scope == EMAIL, names.c.owner == account)
    for row in work.query(held):
        _forget(work, f"address/{row['name']}")
        work.rows.delete(throttles, name=f"mail/{row['name']}")
        work.row(delete(throttles).where(throttles.c.name.startswith(f"known/{row['name']}/")))


def forget_quiet(service: Service) -> None:
    """Forget counters that nobody touched for long, but not that the way to an account is closed."""
    held = exists().where(names.c.scope == EMAIL, literal("address/") + names.c.name == throttles.c.name)
    closed = and_(throttles.c.failures >= throttle.OF_ADDRESS.hard_cap, held)
    service.forget_until(throttles.c.last, plus(service.clock(), days=-QUIET_DAYS), not_(closed))
    counted = exists().where(throttles.c.name == names.c.owner)
    service.backend.commit(Write(rows=[delete(names).where(names.c.scope == _TRY, not_(counted))]))


def is_first_to_wait(work: Work, address: Address) -> bool:
    """Whether this is the first try since the last failure that has to wait; asking marks it."""
    row = _rows(work, of_address(address)).get(of_address(address))
    if row is None or row["told"]:
        return False
    work.rows.update(throttles, {"name": of_address(address)}, told=True)
    return True


def count_request(work: Work, source: str) -> None:
    """Count a request of somebody unknown. Raises ``TooMany``."""
    name, quota = f"requests/{source}", throttle.OF_REQUESTS
    wait = throttle.wait_for_quota(quota, _counter(_rows(work, name).get(name)), work.now)
    if wait:
        raise TooMany(
            "Very many requests came from this place on the network within this hour.",
            help=f"Try again in {-(-wait // 60)} minutes. Nothing that was sent before is lost.",
            retry_after=wait,
        )
    _count(work, name, plus(quota.begun(work.now), microseconds=-1))


def is_mail_allowed(work: Work, address: Address) -> bool:
    """Whether one more mail may be caused to this address by anybody; it is counted."""
    name, limit = f"mail/{address.index}", throttle.OF_MAIL
    if throttle.wait(limit, _counter(_rows(work, name).get(name)), work.now):
        return False
    _count(work, name, _horizon(limit, work.now))
    return True


def _from_here(address: Address, source: str) -> str:
    """The name of the row that tells that an address was rightly signed in from a source."""
    return f"known/{address.index}/{source}"


def _rows(asks: Asks, *wanted: str) -> dict[str, RowMapping]:
    return {row["name"]: row for row in asks.query(select(throttles).where(throttles.c.name.in_(wanted)))}


def _counter(row: RowMapping | None) -> Counter | None:
    return None if row is None else Counter(row["failures"], row["last"])


def _horizon(limit: Limit, now: Instant) -> Instant:
    return _NEVER if limit.forget is None else plus(now, seconds=-limit.forget)


def _count(work: Work, name: str, forgotten: Instant) -> None:
    """Add one where the row stands, so that two at the same moment are two. What was counted until ``forgotten`` counts
    no more."""
    work.rows.add(throttles, name=name, failures=0, last=work.now, told=False)
    failures = case((throttles.c.last <= forgotten, 0), else_=throttles.c.failures) + 1
    work.row(update(throttles).where(throttles.c.name == name).values(failures=failures, last=work.now, told=False))


def _forget(work: Work, counter: str) -> None:
    """Delete the counter of an address with the numbers of its tries: the counter first, so that none is left alone."""
    work.rows.delete(throttles, name=counter)
    work.rows.delete(names, scope=_TRY, owner=counter)
