"""What this service learns from identity and licensing."""

from services.contracts.identity import (
    ClientJoined,
    ClientLeft,
    ClinicFounded,
    ClinicSettingsChanged,
    ErasureOrdered,
    LegalHoldLifted,
    LegalHoldPlaced,
    MembershipEnded,
    MembershipGranted,
    SignInsRevoked,
)
from services.contracts.licensing import ClearancePublished, PlaceRulesPublished, ProfileRecorded
from services.kernel.events import Entry
from services.kernel.http.serving import revoke
from services.kernel.projections import Rows
from services.sessions.readmodels.form import as_json
from services.sessions.readmodels.registry import PROJECTIONS
from services.sessions.readmodels.tables import (
    clearances,
    clinics,
    erasure_orders,
    holds,
    joined,
    memberships,
    place_rules,
    profiles,
    revocations,
)


@PROJECTIONS.on(ClinicFounded)
def _clinic_founded(entry: Entry[ClinicFounded], rows: Rows) -> None:
    told = entry.data
    rows.put(
        clinics,
        clinic=told.clinic,
        jurisdiction=told.jurisdiction,
        zone=told.zone,
        retention_floor_years=told.retention_floor_years,
    )


@PROJECTIONS.on(ClinicSettingsChanged)
def _clinic_settings_changed(entry: Entry[ClinicSettingsChanged], rows: Rows) -> None:
    told = entry.data
    rows.update(clinics, {"clinic": told.clinic}, zone=told.zone, retention_floor_years=told.retention_floor_years)


@PROJECTIONS.on(MembershipGranted)
def _membership_granted(entry: Entry[MembershipGranted], rows: Rows) -> None:
    told = entry.data
    rows.add(
        memberships,
        membership=told.membership,
        account=told.account,
        clinic=told.clinic,
        role=told.role,
        name=told.name,
        since=told.since,
        until=told.until,
        ended=None,
    )


@PROJECTIONS.on(MembershipEnded)
def _membership_ended(entry: Entry[MembershipEnded], rows: Rows) -> None:
    rows.update(memberships, {"membership": entry.data.membership}, ended=entry.data.at)


@PROJECTIONS.on(ProfileRecorded)
def _profile_recorded(entry: Entry[ProfileRecorded], rows: Rows) -> None:
    told = entry.data
    rows.put(profiles, counselor=told.counselor, languages=as_json(told.languages), home=told.home)


@PROJECTIONS.on(ClearancePublished)
def _clearance_published(entry: Entry[ClearancePublished], rows: Rows) -> None:
    told = entry.data.clearance
    rows.put(
        clearances,
        counselor=told.counselor,
        profession=told.profession,
        place=told.place,
        revision=told.revision,
        body=as_json(told),
    )


@PROJECTIONS.on(PlaceRulesPublished)
def _place_rules_published(entry: Entry[PlaceRulesPublished], rows: Rows) -> None:
    told = entry.data
    rows.put(place_rules, place=told.rules.place, revision=told.revision, body=as_json(told.rules))


@PROJECTIONS.on(SignInsRevoked)
def _sign_ins_revoked(entry: Entry[SignInsRevoked], rows: Rows) -> None:
    revoke(rows, revocations, entry.data.sid or entry.data.account, entry.data.at)


@PROJECTIONS.on(LegalHoldPlaced)
def _legal_hold_placed(entry: Entry[LegalHoldPlaced], rows: Rows) -> None:
    rows.add(holds, hold=entry.data.hold, client=entry.data.client, lifted=None)


@PROJECTIONS.on(LegalHoldLifted)
def _legal_hold_lifted(entry: Entry[LegalHoldLifted], rows: Rows) -> None:
    rows.update(holds, {"hold": entry.data.hold}, lifted=entry.time)


@PROJECTIONS.on(ClientJoined)
def _client_joined(entry: Entry[ClientJoined], rows: Rows) -> None:
    told = entry.data
    rows.add(joined, client=told.client, clinic=told.clinic, reference=told.reference, left=None)


@PROJECTIONS.on(ClientLeft)
def _client_left(entry: Entry[ClientLeft], rows: Rows) -> None:
    rows.update(joined, {"client": entry.data.client}, left=entry.data.at)


@PROJECTIONS.on(ErasureOrdered)
def _erasure_ordered(entry: Entry[ErasureOrdered], rows: Rows) -> None:
    rows.add(erasure_orders, erasure=entry.data.erasure, client=entry.data.client)
