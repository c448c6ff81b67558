"""What the front page shows, asked from the services' own public answers; and the lines of help that stand on it."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from services.contracts.emergency import HelpLine, Way, all_places, numbers_for
from services.contracts.vocabulary import HelpKind
from services.contracts.words import HELP_CAUTIONS, HELP_KINDS, Words
from services.kernel.fields import Place
from services.kernel.time import Instant, Zone, local_date
from services.kernel.web.helplines import HelpNumber, HelpPlace
from services.kernel.web.screen import CheckpointSeen, Parts

Ask = Callable[[str], Any]

_BY_HOURS: frozenset[HelpKind] = frozenset({"crisis", "young_people"})  # an emergency service does not close


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


def help_book(now: Instant) -> Sequence[HelpPlace]:
    """The countries with their lines that can be called, from the house's one sourced file."""
    today = local_date(now, "UTC")
    found = ((place, [line for line in numbers_for(place, today) if _calls(line)]) for place in all_places())
    return [_place(place, lines, now) for place, lines in found if lines and "-" not in place]


def _place(place: Place, lines: Sequence[HelpLine], now: Instant) -> HelpPlace:
    numbers = tuple(_number(line, now) for line in lines)
    sources = "; ".join(dict.fromkeys(line.source for line in lines))
    return HelpPlace(place, numbers, sources, min(line.reviewed_on for line in lines))


def _number(line: HelpLine, now: Instant) -> HelpNumber:
    """The first number of a line. One with an extension is not made a link: phones do not agree on how to dial it
    (RFC 3966, 5.3), and without it another line answers, the ambulance for example."""
    way, opens = _calls(line)[0], line.opens_after(now)
    return HelpNumber(
        way.number,
        "" if way.extension else re.sub(r"[^0-9+]", "", way.number),
        {language: _said(line, kind) for language, kind in _texts(HELP_KINDS[line.kind]).items()},
        then=way.extension,
        caution=_texts(HELP_CAUTIONS[line.caution]) if line.caution else {},
        opens=(opens, Zone(line.zone)) if opens else None,
        hours_known=line.kind not in _BY_HOURS or line.open_at(now) is not None,
        stale=line.stale,
    )


def _said(line: HelpLine, kind: str) -> str:
    """Who answers."""
    return f"{line.name} ({kind})" if line.name and line.kind != "emergency" else kind


def _texts(words: Words) -> dict[str, str]:
    return {str(language): text for language, text in words.items()}


def _calls(line: HelpLine) -> list[Way]:
    """The ways by which a line can be called."""
    return [way for way in line.ways if way.channel == "call"]
