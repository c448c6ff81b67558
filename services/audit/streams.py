"""The names of this service's streams."""


def look(look: str) -> str:
    """A look into the trail: each is a stream of its own."""
    return f"audit/look/{look}"


def bundle(bundle: str) -> str:
    return f"audit/bundle/{bundle}"


def alarm(alarm: str) -> str:
    return f"audit/alarm/{alarm}"


def erasure(erasure: str) -> str:
    return f"audit/erasure/{erasure}"
