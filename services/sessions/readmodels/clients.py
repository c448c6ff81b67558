"""How our own events about clinics, hours and clients change the tables."""

from typing import Any

from services.contracts.sessions import (
    AvailabilitySet,
    ClientDetailsChanged,
    ClientEnrolled,
    ClinicOpened,
    ConsentGiven,
    ConsentWithdrawn,
    EmergencyPlanSet,
    ExceptionSet,
    FallbackAgreed,
    RecordRead,
)
from services.kernel.events import Entry
from services.kernel.projections import Rows
from services.sessions.readmodels.form import as_json
from services.sessions.readmodels.registry import PROJECTIONS
from services.sessions.readmodels.tables import (
    availability,
    client_words,
    clients,
    consents,
    looks,
    opened,
)


@PROJECTIONS.on(ClinicOpened)
def _clinic_opened(entry: Entry[ClinicOpened], rows: Rows) -> None:
    rows.add(opened, clinic=entry.data.clinic)


def _hours_set(entry: Entry[Any], rows: Rows) -> None:
    rows.put(availability, counselor=entry.data.counselor, version=entry.streamversion)


PROJECTIONS.on(AvailabilitySet)(_hours_set)
PROJECTIONS.on(ExceptionSet)(_hours_set)


@PROJECTIONS.on(ClientEnrolled)
def _client_enrolled(entry: Entry[ClientEnrolled], rows: Rows) -> None:
    told = entry.data
    rows.put(clients, client=told.client, clinic=told.clinic, place=told.jurisdiction, version=entry.streamversion)
    for field in told.present:
        rows.put(client_words, client=told.client, field=field, event=entry.id)


@PROJECTIONS.on(ClientDetailsChanged)
def _client_details_changed(entry: Entry[ClientDetailsChanged], rows: Rows) -> None:
    told = entry.data
    place = {} if told.jurisdiction is None else {"place": told.jurisdiction}
    rows.update(clients, {"client": told.client}, version=entry.streamversion, **place)
    for field in told.changed:
        rows.put(client_words, client=told.client, field=field, event=entry.id)


@PROJECTIONS.on(FallbackAgreed)
def _fallback_agreed(entry: Entry[FallbackAgreed], rows: Rows) -> None:
    rows.update(clients, {"client": entry.data.client}, version=entry.streamversion)
    rows.put(client_words, client=entry.data.client, field="number", event=entry.id)


@PROJECTIONS.on(EmergencyPlanSet)
def _emergency_plan_set(entry: Entry[EmergencyPlanSet], rows: Rows) -> None:
    rows.update(clients, {"client": entry.data.client}, version=entry.streamversion)
    rows.put(client_words, client=entry.data.client, field="contact", event=entry.id)


@PROJECTIONS.on(ConsentGiven)
def _consent_given(entry: Entry[ConsentGiven], rows: Rows) -> None:
    told = entry.data
    rows.update(clients, {"client": told.client}, version=entry.streamversion)
    rows.put(
        consents,
        client=told.client,
        item=told.item,
        version=told.text_version,
        locale=told.locale,
        given=entry.time,
        withdrawn=None,
    )


@PROJECTIONS.on(ConsentWithdrawn)
def _consent_withdrawn(entry: Entry[ConsentWithdrawn], rows: Rows) -> None:
    told = entry.data
    rows.update(clients, {"client": told.client}, version=entry.streamversion)
    rows.update(consents, {"client": told.client, "item": told.item}, withdrawn=entry.time)


@PROJECTIONS.on(RecordRead)
def _record_read(entry: Entry[RecordRead], rows: Rows) -> None:
    told = entry.data
    for client in told.clients:
        rows.add(
            looks,
            event=entry.id,
            client=client,
            reader=told.reader,
            role=told.role,
            purpose=told.purpose,
            items=as_json(told.items),
            time=entry.time,
        )
