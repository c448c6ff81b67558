"""A clinic: an organisation that offers counselling and is controller of its clients' records."""

from dataclasses import dataclass, replace

from services.contracts.identity import ClinicFounded, ClinicSettingsChanged
from services.kernel.fields import ClinicId, Language, Name, Place
from services.kernel.time import Zone


@dataclass(frozen=True, slots=True)
class Terms:
    """What a clinic's operator may set.

    ``erasure_wait_days``: days between a client's wish to be erased and the order, in which the wish may be withdrawn;
    0 is none. ``retention_floor_years``: the clinic's own floor; a place's law may ask for more.
    """

    name: Name
    zone: Zone
    languages: tuple[Language, ...]
    erasure_wait_days: int
    retention_floor_years: int


@dataclass(frozen=True, slots=True)
class Clinic:
    id: ClinicId
    jurisdiction: Place
    terms: Terms


def evolve(state: Clinic | None, event: object) -> Clinic | None:
    match event:
        case ClinicFounded():
            return Clinic(event.clinic, event.jurisdiction, _terms(event))
        case ClinicSettingsChanged() if state is not None:
            return replace(state, terms=_terms(event))
    return state


def found(clinic: ClinicId, jurisdiction: Place, terms: Terms) -> ClinicFounded:
    """Found a clinic; its jurisdiction stays."""
    return ClinicFounded(
        clinic=clinic,
        jurisdiction=jurisdiction,
        name=terms.name,
        zone=terms.zone,
        languages=terms.languages,
        erasure_wait_days=terms.erasure_wait_days,
        retention_floor_years=terms.retention_floor_years,
    )


def change(state: Clinic, terms: Terms) -> tuple[ClinicSettingsChanged, ...]:
    """Set other terms; nothing follows when they are the same."""
    if terms == state.terms:
        return ()
    changed = ClinicSettingsChanged(
        clinic=state.id,
        name=terms.name,
        zone=terms.zone,
        languages=terms.languages,
        erasure_wait_days=terms.erasure_wait_days,
        retention_floor_years=terms.retention_floor_years,
    )
    return (changed,)


def _terms(event: ClinicFounded | ClinicSettingsChanged) -> Terms:
    return Terms(event.name, event.zone, event.languages, event.erasure_wait_days, event.retention_floor_years)
