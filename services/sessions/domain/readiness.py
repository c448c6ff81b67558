"""Readiness: what each side confirms right before a session (NBCC; Alabama 536-X-8-.10(2)(c)).

Each side confirms its own items; what was confirmed last counts, so an item can be taken back.
"""

from collections.abc import Iterable, Mapping

from services.contracts.sessions import Party
from services.kernel.errors import FieldError, Invalid
from services.kernel.fields import Code

ITEMS: Mapping[Party, tuple[str, ...]] = {
    # nobody overhears me; the place is private; I am safe now; this is a good time
    "client": ("alone", "private_place", "safe_now", "good_time"),
    # nobody overhears me; what we need works; I read the record; I am fit to work
    "counselor": ("private_place", "equipment_works", "record_read", "fit_to_work"),
}


def still_open(role: Party, confirmed: Iterable[str]) -> tuple[str, ...]:
    """The items that this side has not confirmed."""
    done = set(confirmed)
    return tuple(item for item in ITEMS[role] if item not in done)


def check(role: Party, items: Iterable[str]) -> tuple[Code, ...]:
    """The confirmed items in their order. Raises ``Invalid`` for one that is not this side's."""
    said = set(items)
    unknown = sorted(said - set(ITEMS[role]))
    if unknown:
        detail = f"The items of a {role} are: {', '.join(ITEMS[role])}."
        errors = (FieldError("/items", detail),)
        raise Invalid(f"There is no such item: {', '.join(unknown)}.", help=detail, errors=errors)
    return tuple(Code(item) for item in ITEMS[role] if item in said)
