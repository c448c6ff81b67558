"""What nobody needs any more goes by itself: the worker's sweep, once an hour.

An invitation's address goes once it was answered, or a day after it expired. An account that is nobody goes, address,
password, counters and all: one that no client and no membership stands behind and that no letter or link can make
somebody. So an address that was typed here and never proven is gone three days later. Rows go first, then the keys: a
crash in between leaves keys, which the next sweep finds. Somebody who registers at that very moment gets no letter, and
registers again. In the trail their ids stay, and their words are erased.
"""

from contextlib import suppress

from sqlalchemy import ColumnElement, exists, or_, select

from services.identity.commands.forgetting import forget_nobody, is_somebody
from services.identity.commands.tries import forget_quiet
from services.identity.posting import SELF
from services.identity.readmodels import accounts, invitations, letters, sign_ins, tokens
from services.kernel.ids import new_id
from services.kernel.service import Service
from services.kernel.store.tables import data_keys
from services.kernel.store.write import NameTaken
from services.kernel.time import Instant, instant, moment, plus

SIGN_IN_DAYS = 30
LINK_DAYS = 1  # for which an expired link rests, so that nothing goes at the moment at which somebody follows it


def sweep(service: Service) -> None:
    """Delete rows that mean nothing any more; erase invitations that have ended and accounts that are nobody."""
    service.forget_until(tokens.c.expires, plus(service.clock(), days=-LINK_DAYS))
    service.forget_until(sign_ins.c.at, plus(service.clock(), days=-SIGN_IN_DAYS))
    forget_quiet(service)
    for invitation in _ended_invitations(service):
        destroy_keys(service, invitation)
    for account in _nobodies(service):
        with suppress(NameTaken):  # somebody after all: it stays as it is
            service.do(SELF, forget_nobody, account)
            destroy_keys(service, account)


def destroy_keys(service: Service, keyholder: str) -> int:
    """Put up the fence of an account or an invitation, and destroy its keys; how many values went. The fence stays for
    ever, so it names no client's erasure and tells the day alone."""
    return service.backend.erase(keyholder, new_id(), _day(service.clock()))


def _ended_invitations(service: Service) -> list[str]:
    expired = invitations.c.expires <= plus(service.clock(), days=-LINK_DAYS)
    ended = or_(invitations.c.answer.is_not(None), expired)
    rows = service.query(select(invitations.c.invitation).where(ended, _has_keys(invitations.c.invitation)))
    return [row["invitation"] for row in rows]


def _nobodies(service: Service) -> list[str]:
    account = accounts.c.account
    on_the_way = or_(exists().where(tokens.c.subject == account), exists().where(letters.c.person == account))
    rows = service.query(select(account).where(_has_keys(account), ~on_the_way, ~is_somebody(account)))
    return [row["account"] for row in rows]


def _has_keys(keyholder: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(data_keys.c.keyholder == keyholder)


def _day(at: Instant) -> Instant:
    return instant(moment(at).replace(hour=0, minute=0, second=0, microsecond=0))
