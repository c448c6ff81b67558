"""A counselor's profile: professions, languages, and where they live, which compacts and conditions ask for.

A move is a further fact, with the instant since which it holds and the instant at which it was recorded.
"""

from dataclasses import dataclass
from typing import Any

from services.contracts.licensing import ProfileRecorded
from services.contracts.vocabulary import Profession
from services.kernel.events import Entry
from services.kernel.fields import Language, PersonId, Place
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Home:
    """Where the counselor lives since an instant, and when that was recorded."""

    place: Place
    since: Instant
    recorded_at: Instant


@dataclass(frozen=True, slots=True)
class Profile:
    """What a counselor says of themselves; homes in the order in which they were recorded."""

    counselor: PersonId
    professions: tuple[Profession, ...]
    languages: tuple[Language, ...]
    homes: tuple[Home, ...] = ()

    def home_at(self, at: Instant, known_at: Instant) -> Place | None:
        """Where they live at `at`, by what had been recorded by `known_at`; None: not known."""
        known = [home for home in self.homes if home.recorded_at <= known_at and home.since <= at]
        return max(known, key=lambda home: (home.since, home.recorded_at)).place if known else None


def evolve(state: Profile | None, entry: Entry[Any]) -> Profile | None:
    """The profile after one more entry of its stream; a new home holds since it was recorded."""
    event = entry.data
    if not isinstance(event, ProfileRecorded):
        return state
    homes = state.homes if state else ()
    if not homes or homes[-1].place != event.home:
        homes = (*homes, Home(event.home, entry.time, entry.time))
    return Profile(event.counselor, event.professions, event.languages, homes)
