"""The names of this service's streams."""


def clinic(clinic: str) -> str:
    return f"sessions/clinic/{clinic}"


def availability(counselor: str) -> str:
    return f"sessions/availability/{counselor}"


def client(client: str) -> str:
    return f"sessions/client/{client}"


def session(session: str) -> str:
    return f"sessions/session/{session}"


def booking(attempt: str) -> str:
    """A booking that was refused: there is no session, so the attempt has a stream of its own."""
    return f"sessions/booking/{attempt}"


def notice(notice: str) -> str:
    return f"sessions/notice/{notice}"


def look(look: str) -> str:
    return f"sessions/look/{look}"


def erasure(erasure: str) -> str:
    return f"sessions/erasure/{erasure}"
