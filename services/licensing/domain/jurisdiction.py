"""Jurisdictions: places as makers of rules, by ISO 3166-1 and -2, each with the zone in which its dates are meant.

A dated rule or licence begins and ends at midnight of its own jurisdiction, wherever anybody else is. Where a
jurisdiction spans several zones, the zone is that of its capital, where its authority sits.
"""

import re

from services.contracts.practice import place_chain
from services.kernel.errors import Invalid
from services.kernel.fields import Place
from services.kernel.time import Zone

_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")

_ZONES: dict[str, str] = {
    "America/New_York": "US-CT US-DC US-DE US-FL US-GA US-MA US-MD US-ME US-NC US-NH US-NJ US-NY US-OH US-PA US-RI "
    "US-SC US-VA US-VT US-WV",
    "America/Detroit": "US-MI",
    "America/Indiana/Indianapolis": "US-IN",
    "America/Kentucky/Louisville": "US-KY",
    "America/Chicago": "US-AL US-AR US-IA US-IL US-KS US-LA US-MN US-MO US-MS US-ND US-NE US-OK US-SD US-TN US-TX "
    "US-WI",
    "America/Denver": "US-CO US-MT US-NM US-UT US-WY",
    "America/Boise": "US-ID",
    "America/Phoenix": "US-AZ",
    "America/Los_Angeles": "US-CA US-NV US-OR US-WA",
    "America/Anchorage": "US-AK",
    "Pacific/Honolulu": "US-HI",
    "America/Toronto": "CA-ON CA-QC",
    "America/Winnipeg": "CA-MB",
    "America/Regina": "CA-SK",
    "America/Edmonton": "CA-AB",
    "America/Vancouver": "CA-BC",
    "America/Halifax": "CA-NS CA-PE",
    "America/Moncton": "CA-NB",
    "America/St_Johns": "CA-NL",
    "America/Whitehorse": "CA-YT",
    "America/Yellowknife": "CA-NT",
    "America/Iqaluit": "CA-NU",
    "Europe/London": "GB GB-ENG GB-WLS GB-SCT GB-NIR",
    "Europe/Dublin": "IE",
    "Europe/Berlin": "DE",
    "Asia/Jakarta": "ID",
    "Asia/Kuala_Lumpur": "MY",
    "Asia/Singapore": "SG",
    "Australia/Sydney": "AU-NSW AU-ACT",
    "Australia/Melbourne": "AU-VIC",
    "Australia/Brisbane": "AU-QLD",
    "Australia/Adelaide": "AU-SA",
    "Australia/Perth": "AU-WA",
    "Australia/Hobart": "AU-TAS",
    "Australia/Darwin": "AU-NT",
    "Pacific/Auckland": "NZ",
}
_ZONE_OF: dict[Place, Zone] = {Place(code): Zone(zone) for zone, codes in _ZONES.items() for code in codes.split()}


def places() -> tuple[Place, ...]:
    """Every place whose zone is known here, in order."""
    return tuple(sorted(_ZONE_OF))


def is_place(code: str) -> bool:
    """Is `code` written as ISO 3166-1 or -2 (US-AZ, GB)? Whether it exists is not checked."""
    return _PLACE.fullmatch(code) is not None


def known_zone(place: Place) -> Zone | None:
    """The zone of a place, or of what it lies in; None for a place that is not known here."""
    return next((_ZONE_OF[code] for code in place_chain(place) if code in _ZONE_OF), None)


def zone_of(place: Place) -> Zone:
    """The zone of a place, or of what it lies in. Raises Invalid for a place that is not known here."""
    zone = known_zone(place)
    if zone is not None:
        return zone
    raise Invalid(
        f"{place!r} is not a place with a known zone",
        help="Use the ISO code of a state, province or country, for example US-AZ; a rule file for it names its zone",
    )


def matches(place: Place, pattern: str) -> bool:
    """Does `place` fit `pattern`: a code (itself and what lies in it), or `US-*` (what lies in it), or `*` (any)?"""
    if pattern == "*":
        return True
    if pattern.endswith("-*"):
        return place.startswith(pattern[:-1])
    return pattern in place_chain(place)
