"""Which language a page speaks, and how its sentences, numbers and times are written in it.

English stands in the templates; every other language is a catalogue (gettext ``.po``) that must be complete: a
sentence that is missing or fuzzy keeps the programme from starting, so no page is ever half translated. The language is
chosen by ``?lang=``, else by ``Accept-Language`` (RFC 9110, 12.5.4); no cookie is kept. Times follow Unicode CLDR.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from werkzeug.datastructures import LanguageAccept

from services.kernel.time import Instant, LocalDate, Zone, moment

SOURCE = "en"
CATALOGUES = Path(__file__).parent / "translations"


class CatalogueError(Exception):
    """A catalogue that is not complete."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language, with its sentences. ``sentences`` maps an English sentence to its forms in this language."""

    code: str
    locale: Locale
    sentences: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """Its own name for itself: ``Bahasa Indonesia``."""
        return _OWN_NAMES.get(self.code) or self.locale.get_display_name(self.code) or self.code

    @property
    def direction(self) -> str:
        return str(self.locale.text_direction)

    def sentence(self, english: str) -> str:
        forms = self.sentences.get(english)
        return forms[0] if forms else english

    def counted(self, one: str, many: str, count: int) -> str:
        """The form for this count; the catalogue's forms stand in the order of its own plural rule."""
        forms = self.sentences.get(one)
        if forms is None:
            return one if count == 1 else many
        return forms[min(self._form(count), len(forms) - 1)]

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def day(self, day: LocalDate) -> str:
        """``24 November 2026``: never in figures alone, which are read in two ways."""
        return format_date(date.fromisoformat(day), "d MMMM y", locale=self.locale)

    def weekday(self, at: Instant, zone: Zone) -> str:
        """``Tuesday 24 November 2026``, in that zone."""
        separator = " " if self.code == SOURCE else ", "
        return format_date(_local(at, zone), f"EEEE'{separator}'d MMMM y", locale=self.locale)

    def clock(self, at: Instant, zone: Zone) -> str:
        """``14:05 WIB``, in that zone, with its short name."""
        there = _local(at, zone)
        short = there.tzname() or ""
        name = short if short.isalpha() else f"UTC{there.isoformat()[-6:]}"
        pattern = "HH.mm" if self.code == "id" else "HH:mm"
        return f"{format_time(there, pattern, locale=self.locale)} {name}"

    def zone_name(self, at: Instant, zone: Zone) -> str:
        """``Western Indonesia Time``."""
        return get_timezone_name(_local(at, zone), width="long", locale=self.locale)

    def place(self, code: str) -> str:
        """The name of a country by its ISO 3166 code; a code without a name stays as it is."""
        return str(self.locale.territories.get(code, code))

    def _form(self, count: int) -> int:
        rule = self.locale.plural_form
        return sorted(rule.tags | {"other"}, key=_PLURAL_ORDER.index).index(rule(count))


# CLDR's order of plural forms; gettext numbers the forms of a language in this order.
_PLURAL_ORDER = ("zero", "one", "two", "few", "many", "other")
_OWN_NAMES = {"en": "English", "id": "Bahasa Indonesia"}


def load_languages(*folders: Path) -> dict[str, Language]:
    """English, and each language of which these folders hold catalogues (later folders add to earlier ones)."""
    sentences: dict[str, dict[str, tuple[str, ...]]] = {SOURCE: {}}
    for folder in folders or (CATALOGUES,):
        for file in sorted(folder.glob("*.po")):
            sentences.setdefault(file.stem, {}).update(read_catalogue(file))
    return {code: Language(code, Locale.parse(code), found) for code, found in sorted(sentences.items())}


def read_catalogue(file: Path) -> dict[str, tuple[str, ...]]:
    """The sentences of a ``.po`` file. Raises ``CatalogueError`` for what is untranslated or fuzzy."""
    with file.open("rb") as opened:
        catalogue = read_po(opened, locale=file.stem, abort_invalid=True)
    found: dict[str, tuple[str, ...]] = {}
    missing: list[str] = []
    for message in catalogue:
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if message.fuzzy or not forms or not all(forms):
            missing.append(english)
        found[english] = forms
    if missing:
        raise CatalogueError(f"{file.name} is not complete; translate: " + "; ".join(missing))
    return found


def choose_language(asked: str | None, accepted: LanguageAccept, known: Mapping[str, Language]) -> Language:
    """The language of ``?lang=`` where there is one of ours, else the best of ``Accept-Language``, else English."""
    if asked is not None and asked in known:
        return known[asked]
    return known[accepted.best_match(list(known), default=SOURCE) or SOURCE]


def _local(at: Instant, zone: Zone) -> datetime:
    return moment(at).astimezone(ZoneInfo(zone))
