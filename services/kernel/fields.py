"""The kinds of field an event may carry.

Everything appended is published; so a clear field is of one of few kinds, and all else is *sealed*: its ciphertext
stays in the owning service, and in the event stands only a commitment. A bare ``str`` is none of these kinds and is
refused when the event is declared, so that no free text can slip into the log.

A field that names a person carries the role in which it names them (``Person``): the audit index is made from that.
"""

from dataclasses import dataclass
from typing import Annotated, Any, NewType

from services.kernel.time import Instant, LocalDate, Zone

Id = NewType("Id", str)
PersonId = NewType("PersonId", str)
ClinicId = NewType("ClinicId", str)
Reference = NewType("Reference", str)
Language = NewType("Language", str)
Place = NewType("Place", str)
Code = NewType("Code", str)
Hash = NewType("Hash", str)
Name = NewType("Name", str)
Sealed = NewType("Sealed", str)

CLEAR_KINDS: frozenset[Any] = frozenset(
    {Id, PersonId, ClinicId, Reference, Language, Place, Code, Hash, Name, Instant, LocalDate, Zone, int, bool}
)


@dataclass(frozen=True, slots=True)
class Person:
    """Marks a ``PersonId`` with the role in which the event names this person."""

    role: str


@dataclass(frozen=True, slots=True)
class Seal:
    """Marks a ``Sealed`` field: which field names the keyholder, and for what purpose the key serves."""

    keyholder: str
    purpose: str


Account = Annotated[PersonId, Person("account")]
Client = Annotated[PersonId, Person("client")]
Counselor = Annotated[PersonId, Person("counselor")]
Verifier = Annotated[PersonId, Person("verifier")]
Author = Annotated[PersonId, Person("author")]
Reader = Annotated[PersonId, Person("reader")]
GrantedBy = Annotated[PersonId, Person("granted by")]


class Words(str):
    """A value that is still to be sealed; it stands in an event only until the event is recorded.

    As text it is a placeholder, so that printing the event never prints the words.
    """

    value: "str | bytes"

    def __new__(cls, value: "str | bytes") -> "Words":
        self = super().__new__(cls, "(to be sealed)")
        self.value = value
        return self


def seal(value: "str | bytes") -> Sealed:
    """Put a person's words (text, or the bytes of a file) into a sealed field of an event."""
    return Sealed(Words(value))
