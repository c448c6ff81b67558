"""Erasing a client: wish, order, identity's own answer and the end; and holds, which exclude the order."""

from dataclasses import dataclass

from sqlalchemy import select

from services.contracts.common import ErasureAnswer, ErasureAnswerKind
from services.contracts.identity import Basis, ClientLeft, IdentityErasureAnswered
from services.identity import streams
from services.identity.commands.forgetting import forget_account
from services.identity.domain import client as clients
from services.identity.domain import erasure as erasures
from services.identity.domain.erasure import Erasure
from services.identity.lookups import client_row, clinic_row
from services.identity.readmodels import erasure_answers, letters, links
from services.kernel.errors import Conflict
from services.kernel.fields import ClinicId, Id, PersonId, seal
from services.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Emptied:
    """What identity has erased: ``values`` sealed values; ``account`` where the account itself went with the client."""

    client: PersonId
    account: PersonId | None
    linked: bool
    values: int


def ask_erasure(work: Work, client: str) -> Id:
    """Ask to be erased, after the waiting time of the clinic."""
    row = client_row(work, client)
    if row["left"] is not None:
        raise Conflict("This client was erased.", help="Nothing is left to do.")
    state = _state(work, client)
    wait = clinic_row(work, row["clinic"])["erasure_wait_days"]
    asked = erasures.request(state, work.new_id(), wait, work.now)
    work.append(streams.erasure(client), asked, clinic=state.clinic)
    return asked.erasure


def withdraw_erasure(work: Work, erasure: str, client: str) -> None:
    state = _state(work, client)
    work.append(streams.erasure(client), erasures.withdraw(state, Id(erasure)), clinic=state.clinic)


def place_hold(work: Work, client: str, basis: Basis, reason: str) -> Id:
    state = _state(work, client)
    placed = erasures.place_hold(state, work.new_id(), basis, PersonId(work.who.actor), seal(reason))
    work.append(streams.erasure(client), placed, clinic=state.clinic)
    return placed.hold


def lift_hold(work: Work, hold: str, client: str) -> None:
    state = _state(work, client)
    lifted = erasures.lift_hold(state, Id(hold), PersonId(work.who.actor))
    work.append(streams.erasure(client), lifted, clinic=state.clinic)


def order_erasure(work: Work, client: str) -> bool:
    """Order the erasure if it is due; whether it was."""
    state = _state(work, client)
    events = erasures.order(state, work.now)
    work.append(streams.erasure(client), *events, clinic=state.clinic)
    return bool(events)


def answer_and_complete(work: Work, erasure: str, emptied: Emptied) -> None:
    """Identity's own answer, the rows that go with it, and, as all others have answered, the end; once."""
    if work.entries(streams.answer(erasure)):
        return  # another worker was faster
    client = emptied.client
    state = _state(work, client)
    kind: ErasureAnswerKind = "erased" if emptied.linked or emptied.values else "nothing_held"
    answer = ErasureAnswer(
        erasure=Id(erasure),
        client=client,
        clinic=state.clinic,
        kind=kind,
        until=None,
        basis=None,
        values=emptied.values,
    )
    _forget(work, emptied)
    work.append(streams.answer(erasure), IdentityErasureAnswered(answer=answer), clinic=state.clinic)
    joined = work.load(streams.client(client), clients.evolve)
    if joined is not None and not joined.left:
        left = ClientLeft(client=client, clinic=state.clinic, at=work.now)
        work.append(streams.client(client), left, clinic=state.clinic)
    rows = work.query(select(erasure_answers).where(erasure_answers.c.erasure == erasure))
    answers = {row["service"]: row["kind"] for row in rows} | {"identity": kind}
    work.append(streams.erasure(client), *erasures.complete(state, answers), clinic=state.clinic)


def _forget(work: Work, emptied: Emptied) -> None:
    """Delete the link, and with the account's last client everything that opens the account."""
    work.rows.delete(links, client=emptied.client)
    work.rows.delete(letters, person=emptied.client)
    if emptied.account is not None:
        forget_account(work, emptied.account)


def _state(work: Work, client: str) -> Erasure:
    """The erasure of a client, also where nothing happened to it yet. Raises ``NotFound`` for no such client."""
    state = work.load(streams.erasure(client), erasures.evolve)
    if state is not None:
        return state
    row = client_row(work, client)
    return Erasure(PersonId(client), ClinicId(row["clinic"]))
