"""The names of licensing's streams: ``licensing/<noun>/<id>``."""

RULESET = "licensing/ruleset/this"
ADOPTIONS = "licensing/adoptions/this"  # all adoptions in one stream, so that two adoptions follow one another


def place_rules(place: str) -> str:
    return f"licensing/place-rules/{place}"


def profile(counselor: str) -> str:
    return f"licensing/profile/{counselor}"


def attestations(counselor: str) -> str:
    return f"licensing/attestations/{counselor}"


def credential(credential: str) -> str:
    return f"licensing/credential/{credential}"


def clearance(counselor: str, profession: str, place: str) -> str:
    """Its version is the revision of the clearance."""
    return f"licensing/clearance/{counselor}/{profession}/{place}"


def look(look: str) -> str:
    """One stream a look: looks come in parallel, and none must make another fail."""
    return f"licensing/look/{look}"


def erasure(erasure: str) -> str:
    return f"licensing/erasure/{erasure}"
