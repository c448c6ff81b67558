"""Look-ups that commands and queries share: the states of the domain from their streams, and who works where."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import RowMapping, Select, or_, select

from services.kernel.errors import NotFound
from services.kernel.events import Entry
from services.kernel.fields import PersonId
from services.kernel.time import Instant
from services.kernel.work import Work
from services.licensing import streams
from services.licensing.domain import adoption, attestation, credential, profile
from services.licensing.domain.adoption import Adoptions
from services.licensing.domain.attestation import Accepted
from services.licensing.domain.clearance import AsOf
from services.licensing.domain.credential import Credential
from services.licensing.domain.profile import Profile
from services.licensing.domain.requirement import Holder
from services.licensing.readmodels import credentials, memberships

S = TypeVar("S")


class Asks(Protocol):
    """A ``Work`` or a ``Service``: who can be asked for rows."""

    def query(self, statement: Select[Any]) -> list[RowMapping]: ...


def load_adoptions(work: Work) -> Adoptions:
    """Every adoption, in order."""
    return _fold(work, streams.ADOPTIONS, (), adoption.evolve)


def load_accepted(work: Work, counselor: str) -> Accepted:
    """The statements that a counselor has accepted."""
    return _fold(work, streams.attestations(counselor), frozenset(), attestation.evolve)


def load_profile(work: Work, counselor: str) -> Profile | None:
    """What a counselor says of themselves; None before they said anything."""
    return _fold(work, streams.profile(counselor), None, profile.evolve)


def need_credential(work: Work, credential_id: str) -> Credential:
    """A credential. Raises ``NotFound``."""
    found = _fold(work, streams.credential(credential_id), None, credential.evolve)
    if found is None:
        raise NotFound("There is no credential by this id.", help="Check the address, or look it up in the list.")
    return found


def load_holder(work: Work, counselor: str) -> Holder | None:
    """Profile and credentials of a counselor; None before they recorded a profile."""
    known = load_profile(work, counselor)
    if known is None:
        return None
    rows = work.query(select(credentials.c.credential).where(credentials.c.counselor == counselor))
    ids = sorted(row["credential"] for row in rows)
    return Holder(known, tuple(need_credential(work, each) for each in ids))


def everything_known(now: Instant, holder: Holder | None, adoptions: Adoptions) -> AsOf:
    """The clocks that take in all that was recorded, also by a process whose clock is a little ahead of ours."""
    recorded = [now, *(each.at for each in adoptions)]
    if holder is not None:
        recorded += [home.recorded_at for home in holder.profile.homes]
        for held in holder.credentials:
            recorded += [held.recorded_at, *(look.recorded_at for look in held.verifications)]
    return AsOf(known_at=max(recorded), rules_known_at=max(recorded))


def clinics_of(asks: Asks, counselor: str, now: Instant) -> tuple[str, ...]:
    """The clinics for which somebody counsels now, in order."""
    where = (memberships.c.account == counselor, memberships.c.role == "counselor", memberships.c.clinic.is_not(None))
    return tuple(sorted({row["clinic"] for row in asks.query(active(now).where(*where))}))


def name_of(asks: Asks, account: str) -> str | None:
    """The professional name under which somebody works here, the newest one."""
    where = memberships.c.account == account
    found = asks.query(select(memberships.c.name).where(where).order_by(memberships.c.since.desc()).limit(1))
    return str(found[0]["name"]) if found else None


def network_operators(asks: Asks, now: Instant) -> tuple[str, ...]:
    """The names of those who can adopt a rule."""
    where = (memberships.c.clinic.is_(None), memberships.c.role == "operator")
    return tuple(sorted({row["name"] for row in asks.query(active(now).where(*where))}))


def active(now: Instant) -> Select[tuple[str, str | None, str]]:
    """The memberships that hold at ``now``: account, clinic, name."""
    return select(memberships.c.account, memberships.c.clinic, memberships.c.name).where(
        memberships.c.since <= now,
        or_(memberships.c.until.is_(None), memberships.c.until > now),
        or_(memberships.c.ended.is_(None), memberships.c.ended > now),
    )


def actor(work: Work) -> PersonId:
    """Who acts, as a person."""
    return PersonId(work.who.actor)


def _fold(work: Work, stream: str, start: S, evolve: Callable[[S, Entry[Any]], S]) -> S:
    state = start
    for entry in work.entries(stream):
        state = evolve(state, entry)
    return state
