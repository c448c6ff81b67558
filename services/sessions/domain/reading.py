"""Reading: who looked at a client's words, in which role and what for. Every look by another person is an event."""

from collections.abc import Iterable

from services.contracts.sessions import RecordRead
from services.kernel.errors import FieldError, Invalid
from services.kernel.fields import Code, PersonId

PURPOSES = ("preparation", "counselling", "follow_up", "safety", "request", "complaint")
TO_MEET = Code("meeting")  # the number or the link of a session, shown to the counselor who holds it


def check_purpose(purpose: str) -> Code:
    """The purpose, if it is one of ours. Raises ``Invalid``."""
    if purpose not in PURPOSES:
        detail = f"Say what you read for: {', '.join(PURPOSES)}."
        raise Invalid("This is no purpose of ours.", help=detail, errors=(FieldError("?purpose", detail),))
    return Code(purpose)


def look(reader: str, role: str, purpose: Code, client: PersonId, kinds: Iterable[str]) -> RecordRead:
    """The entry of a look at one client's words; ``kinds``: one code for each value that is shown."""
    items = tuple(kinds)
    return RecordRead(
        reader=PersonId(reader),
        role=Code(role),
        purpose=purpose,
        clients=(client,),
        items=tuple(Code(kind) for kind in dict.fromkeys(items)),
        count=len(items),
    )
