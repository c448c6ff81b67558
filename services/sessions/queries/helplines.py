"""The local lines of help, as answers show them: the gate, an offer and a refusal stop counselling, never help.

They come from the house's one sourced file and need no event, no database and no key.
"""

from typing import Any

from services.contracts.emergency import HelpLine, numbers_for
from services.contracts.words import HELP_CAUTIONS, HELP_GENERAL, HELP_KINDS
from services.kernel.fields import Place
from services.kernel.time import Instant, local_date


def help_lines(place: Place, at: Instant) -> list[dict[str, Any]]:
    """The lines for somebody in ``place``, emergency first, and what to know of each at ``at``. Never empty."""
    return [_line(line, at) for line in numbers_for(place, local_date(at, "UTC"))]


def _line(line: HelpLine, at: Instant) -> dict[str, Any]:
    kind = HELP_KINDS[line.kind]["en"]
    return {
        "name": line.name or (kind if line.ways else HELP_GENERAL["en"]),
        "kind": line.kind,
        "place": line.place,
        "ways": [{"channel": way.channel, "value": way.value} for way in line.ways],
        "open": line.open_at(at),
        "opens": line.opens_after(at),
        "caution": HELP_CAUTIONS[line.caution]["en"] if line.caution else None,
        "reviewed_on": line.reviewed_on,
        "stale": line.stale,
    }
