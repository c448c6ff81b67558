"""Three-valued logic (Kleene, strong): yes, no, unknown.

`all_of` is yes only if every part is; `any_of` is no only if every part is. An unknown never becomes a yes.
"""

from collections.abc import Iterable

from services.contracts.vocabulary import Truth


def all_of(truths: Iterable[Truth]) -> Truth:
    """No if any is no, else unknown if any is unknown, else yes (of nothing: yes)."""
    seen = set(truths)
    if "no" in seen:
        return "no"
    return "unknown" if "unknown" in seen else "yes"


def any_of(truths: Iterable[Truth]) -> Truth:
    """Yes if any is yes, else unknown if any is unknown, else no (of nothing: no)."""
    seen = set(truths)
    if "yes" in seen:
        return "yes"
    return "unknown" if "unknown" in seen else "no"


def known(value: bool | None) -> Truth:
    """The truth of a fact that may not be known."""
    if value is None:
        return "unknown"
    return "yes" if value else "no"
