"""Parts that the events of several services share."""

from dataclasses import dataclass
from typing import Literal

from services.kernel.fields import Account, Client, ClinicId, Code, Hash, Id
from services.kernel.time import Instant

ErasureAnswerKind = Literal["erased", "kept", "nothing_held"]


@dataclass(frozen=True, slots=True)
class ErasureAnswer:
    """What a service says to an erasure order: erased; kept, until when and on which basis; or nothing was held.

    ``values`` counts the sealed values that went, or that are kept.
    """

    erasure: Id
    client: Client
    clinic: ClinicId
    kind: ErasureAnswerKind
    until: Instant | None
    basis: Code | None
    values: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A known person was refused an operation: a client, where it was about what is their own.

    ``about``: a keyed hash of the object's address, so that only the service could tell which it was.
    """

    account: Account
    operation: Code
    reason: Code
    about: Hash | None
