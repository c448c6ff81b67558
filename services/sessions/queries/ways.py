"""The way of a session, shown: the link or the number, and to whom when.

After the start both may see it. Before it, the counselor of a session by phone may see the number once the gate is
open, because they must dial it to start. For the counselor every look is recorded; the client sees their own.
"""

from services.kernel.errors import Conflict
from services.kernel.ids import new_id
from services.kernel.reading import Shown
from services.kernel.service import Service
from services.kernel.work import Who
from services.sessions import streams
from services.sessions.domain import reading
from services.sessions.domain.client import Ref
from services.sessions.domain.session import Session
from services.sessions.queries.gates import gate_of
from services.sessions.queries.states import need_session

Way = dict[str, str | None]


def way_for_client(service: Service, who: Who, session_id: str) -> Way:
    """The client's own view. Raises ``Conflict`` before the start."""
    found = need_session(service.work(who), session_id)
    ref = _used(found)
    if ref is None:
        raise _not_yet("You see how you meet once your counselor has started the session.")
    return _way(found, service.reader.own(found.client, [who.actor], [ref]), ref)


def way_for_counselor(service: Service, who: Who, session_id: str, *, fresh: bool) -> Way:
    """The counselor's view, recorded. Raises ``Conflict`` while the gate is not open; ``fresh`` is the gate's."""
    found = need_session(service.work(who), session_id)
    ref = _used(found) or _number_to_dial(service, who, found, fresh=fresh)
    kind = "phone" if found.modality == "phone" else "link"
    look = reading.look(who.actor, "counselor", reading.TO_MEET, found.client, [kind])
    return _way(found, service.reader.show(who, streams.look(new_id()), look, [ref], clinic=found.clinic), ref)


def _used(found: Session) -> Ref | None:
    """Where the way is sealed that the session started by."""
    return (found.way, "way") if found.way else None


def _number_to_dial(service: Service, who: Who, found: Session, *, fresh: bool) -> Ref:
    gate, _, client = gate_of(service.work(who), found, fresh=fresh)
    if not gate.is_open:
        raise _not_yet("The number is shown once the gate is open; look at the gate for what is missing.")
    ref = client.phone_ref() if found.modality == "phone" else None
    if ref is None:
        raise _not_yet("There is no number to dial: start the session with the link that you made for it.")
    return ref


def _way(found: Session, shown: Shown, ref: Ref) -> Way:
    words = shown.text(*ref)
    by_phone = found.modality == "phone"
    return {"modality": found.modality, "number": words if by_phone else None, "link": None if by_phone else words}


def _not_yet(help: str) -> Conflict:
    return Conflict("There is nothing to show yet.", help=help)
