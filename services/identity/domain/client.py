"""A client: one person in one clinic, by an id of its own and a short reference that people can quote.

Which account a client belongs to is told by no event; the link is a row that erasure deletes.
"""

from dataclasses import dataclass, replace

from services.contracts.identity import ClientJoined, ClientLeft
from services.kernel.fields import ClinicId, PersonId, Reference


@dataclass(frozen=True, slots=True)
class Client:
    id: PersonId
    clinic: ClinicId
    reference: Reference
    left: bool = False


def evolve(state: Client | None, event: object) -> Client | None:
    match event:
        case ClientJoined(client=client, clinic=clinic, reference=reference):
            return Client(client, clinic, reference)
        case ClientLeft() if state is not None:
            return replace(state, left=True)
    return state
