"""Carrying out erasures: the worker's two steps. One orders what is due, the other ends what all others have answered.

Identity answers last, so that until then the person can sign in and see who has answered, and can be told at the end.
What it erases: its keys of the client (reasons of holds), the link from the account, and, if the account is nobody
else (no other client, never a member), the account itself: e-mail, devices, password, sign-ins, blind index. Somebody
who works or worked here keeps the account. No event says that an account ended: at this moment it would tie the
account to the client; for the same reason the fence of an account tells the day alone. A token that is still out holds
ten minutes at most and opens nothing that was erased.

Keys go first, behind a fence that stays; then one transaction deletes the rows and answers. A crash in between repeats
the same steps with the same result. What another service keeps because it must, it erases itself when that is over, and
answers once more; until then it is kept there, and the last letter says so.
"""

from sqlalchemy import select

from services.contracts.identity import NoticeFailed, NoticeSent, Template
from services.identity import streams
from services.identity.commands.erasures import Emptied, answer_and_complete, order_erasure
from services.identity.commands.forgetting import end_account
from services.identity.context import Context
from services.identity.domain.erasure import ANSWERING
from services.identity.forgetting import destroy_keys
from services.identity.letters import Kept
from services.identity.lookups import account_of_client, clinic_row
from services.identity.posting import SELF, Draft, Reached, post, reach
from services.identity.readmodels import erasure_answers, erasures
from services.kernel.fields import Id, PersonId
from services.kernel.ids import new_id
from services.kernel.service import Service
from services.kernel.store.write import NameTaken
from services.kernel.time import local_date

OTHERS = frozenset(ANSWERING) - {"identity"}
_LAST: Template = "erasure_answered"


def order_due(service: Service) -> int:
    """Order every erasure whose time has come and which nothing holds; how many."""
    due = (erasures.c.state == "requested", erasures.c.not_before <= service.clock())
    rows = service.query(select(erasures.c.client).where(*due))
    return sum(service.do(SELF, order_erasure, row["client"]) for row in rows)


def finish_answered(context: Context) -> int:
    """Answer for identity, and end, every ordered erasure that the three others have answered; how many."""
    service = context.service
    ordered = service.query(select(erasures).where(erasures.c.state == "ordered"))
    ready = [row for row in ordered if _answered(service, row["erasure"]) >= OTHERS]
    for row in ready:
        _tell(context, row["client"], row["clinic"], row["erasure"])
        emptied = empty(service, row["client"], row["erasure"])
        service.do(SELF, answer_and_complete, row["erasure"], emptied)
    return len(ready)


def empty(service: Service, client: str, erasure: str) -> Emptied:
    """Destroy identity's keys of a client, and of the account behind it where that is nobody else."""
    account = account_of_client(service, client)
    values = service.backend.erase(client, erasure, service.clock())
    if account is None:
        return Emptied(PersonId(client), None, False, values)
    try:
        service.do(SELF, end_account, account, client)
    except NameTaken:
        return Emptied(PersonId(client), None, True, values)
    values += destroy_keys(service, account)
    return Emptied(PersonId(client), account, True, values)


def _answered(service: Service, erasure: str) -> set[str]:
    rows = service.query(select(erasure_answers.c.service).where(erasure_answers.c.erasure == erasure))
    return {row["service"] for row in rows}


def _tell(context: Context, client: str, clinic: str, erasure: str) -> None:
    """The last letter. It is tried once: a mail server that is away must not keep anybody from being erased."""
    service = context.service
    reached = reach(service, _LAST, client)
    if not isinstance(reached, Reached):
        return
    notice = Id(new_id())
    reason = post(context, reached, Draft(_LAST, notice, clinic, kept=_kept(service, erasure, clinic)))
    told: NoticeSent | NoticeFailed = NoticeSent(notice=notice, template=_LAST, count=1)
    if reason is not None:
        told = NoticeFailed(notice=notice, template=_LAST, reason=reason)
    service.note(SELF, streams.notice(notice), told, clinic)


def _kept(service: Service, erasure: str, clinic: str) -> Kept | None:
    """Whether a service keeps a part, and until which day of the clinic, where each that does has said until when."""
    kept = (erasure_answers.c.erasure == erasure, erasure_answers.c.kind == "kept")
    ends = [row["until"] for row in service.query(select(erasure_answers.c.until).where(*kept))]
    if not ends:
        return None
    return Kept(None if None in ends else local_date(max(ends), clinic_row(service, clinic)["zone"]))
