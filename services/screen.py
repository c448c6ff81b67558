"""What the front page shows, asked from the services' own public answers; and the lines of help that stand on it."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from services.contracts.emergency import HelpLine, all_places, numbers_for
from services.contracts.words import HELP_CAUTIONS, HELP_KINDS
from services.kernel.fields import Place
from services.kernel.time import Instant, LocalDate
from services.kernel.web.helplines import HelpNumber, HelpPlace
from services.kernel.web.screen import CheckpointSeen, Parts

Ask = Callable[[str], Any]


def screen_parts(ask: Ask) -> Parts:
    """Who answers for each figure of the first screen. ``ask`` gets a path and gives the JSON of the answer."""

    def network(name: str) -> Any:
        return ask("/identity/v1/network")[name]

    def checkpoint() -> CheckpointSeen:
        status = ask("/audit/v1/status")
        verified = status["verified_at"]
        return CheckpointSeen(status["checkpoint_size"], Instant(verified) if verified else None)

    return Parts(
        network=lambda: network("name"),
        founded=lambda: network("founded"),
        clinics=lambda: network("clinics"),
        counselors=lambda: network("counselors"),
        sessions_today=lambda: ask("/sessions/v1/status")["sessions_today"],
        entries=lambda: ask("/audit/v1/status")["size"],
        checkpoint=checkpoint,
    )


def help_book(today: LocalDate) -> Sequence[HelpPlace]:
    """The countries with their lines that can be called, from the house's one sourced file."""
    found = ((place, [line for line in numbers_for(place, today) if _call(line)]) for place in all_places())
    return [_place(place, lines) for place, lines in found if lines and "-" not in place]


def _place(place: Place, lines: Sequence[HelpLine]) -> HelpPlace:
    numbers = tuple(_number(line) for line in lines)
    sources = "; ".join(dict.fromkeys(line.source for line in lines))
    return HelpPlace(place, numbers, sources, min(line.reviewed_on for line in lines))


def _number(line: HelpLine) -> HelpNumber:
    number = _call(line)
    what = {str(language): text for language, text in HELP_KINDS[line.kind].items()}
    caution = {str(language): text for language, text in HELP_CAUTIONS[line.caution].items()} if line.caution else {}
    named = {language: _said(line, kind, caution.get(language)) for language, kind in what.items()}
    return HelpNumber(number, re.sub(r"[^0-9+]", "", number), named)


def _said(line: HelpLine, kind: str, caution: str | None) -> str:
    """Who answers, and what to know before one relies on it."""
    named = f"{line.name} ({kind})" if line.name and line.kind != "emergency" else kind
    return f"{named}. {caution}" if caution else named


def _call(line: HelpLine) -> str:
    """The number that a phone can dial, or nothing. A line with an extension is found on the help page of its place."""
    return next((way.value for way in line.ways if way.channel == "call" and "ext" not in way.value), "")
