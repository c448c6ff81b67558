"""An account: how a person signs in, one a person. What opens it (password, e-mail) is kept beside it, not in it.

registered ──e-mail confirmed──▶ confirmed: only now may it sign in
"""

from dataclasses import dataclass, replace

from services.contracts.identity import AccountRegistered, EmailConfirmed
from services.kernel.fields import Language, PersonId
from services.kernel.time import Zone


@dataclass(frozen=True, slots=True)
class Account:
    """``locale`` and ``zone`` are known of people who work here; a client's are sealed elsewhere."""

    id: PersonId
    locale: Language | None
    zone: Zone | None
    confirmed: bool = False


def evolve(state: Account | None, event: object) -> Account | None:
    match event:
        case AccountRegistered(account=account, locale=locale, zone=zone):
            return Account(account, locale, zone)
        case EmailConfirmed() if state is not None:
            return replace(state, confirmed=True)
    return state


def confirm(state: Account) -> tuple[EmailConfirmed, ...]:
    """The person proved that they read mail at the address; proving it again changes nothing."""
    return () if state.confirmed else (EmailConfirmed(account=state.id),)
