"""How our own events about sessions and notes change the tables. A session's row belongs to its stream."""

from typing import Any

from services.contracts.sessions import (
    IdentityChecked,
    NoteSigned,
    PlaceAttested,
    ReadinessConfirmed,
    SessionBooked,
    SessionCancelled,
    SessionEnded,
    SessionJudgedAgain,
    SessionMissed,
    SessionStarted,
    StartRefused,
)
from services.kernel.events import Entry
from services.kernel.projections import Rows
from services.kernel.time import plus
from services.sessions.readmodels.form import as_json
from services.sessions.readmodels.registry import PROJECTIONS
from services.sessions.readmodels.tables import notes, sessions


@PROJECTIONS.on(SessionBooked)
def _session_booked(entry: Entry[SessionBooked], rows: Rows) -> None:
    told = entry.data
    rows.add(
        sessions,
        session=told.session,
        version=entry.streamversion,
        reference=told.reference,
        clinic=told.clinic,
        client=told.client,
        counselor=told.counselor,
        start=told.start,
        ends=plus(told.start, minutes=told.minutes),
        minutes=told.minutes,
        zone=told.governing_zone,
        modality=told.modality,
        place=told.jurisdiction,
        attested=False,
        verdict=told.decision.verdict,
        decision=as_json(told.decision),
        stage="booked",
        booked_at=entry.time,
    )


def _change(entry: Entry[Any], rows: Rows, **values: Any) -> None:
    rows.update(sessions, {"session": entry.data.session}, version=entry.streamversion, **values)


def _carrier(entry: Entry[Any], words: str | None) -> str | None:
    """The event's id, if it carries words."""
    return None if words is None else entry.id


@PROJECTIONS.on(SessionJudgedAgain)
def _session_judged_again(entry: Entry[SessionJudgedAgain], rows: Rows) -> None:
    decision = entry.data.decision
    _change(entry, rows, verdict=decision.verdict, decision=as_json(decision))


@PROJECTIONS.on(PlaceAttested)
def _place_attested(entry: Entry[PlaceAttested], rows: Rows) -> None:
    _change(entry, rows, place=entry.data.jurisdiction, attested=True)


def _session_moved_on(entry: Entry[Any], rows: Rows) -> None:
    _change(entry, rows)


PROJECTIONS.on(IdentityChecked)(_session_moved_on)
PROJECTIONS.on(ReadinessConfirmed)(_session_moved_on)
PROJECTIONS.on(StartRefused)(_session_moved_on)


@PROJECTIONS.on(SessionStarted)
def _session_started(entry: Entry[SessionStarted], rows: Rows) -> None:
    decision = entry.data.decision
    _change(entry, rows, stage="started", started_at=entry.time, verdict=decision.verdict, decision=as_json(decision))


@PROJECTIONS.on(SessionEnded)
def _session_ended(entry: Entry[SessionEnded], rows: Rows) -> None:
    told, words = entry.data, _carrier(entry, entry.data.summary)
    _change(entry, rows, stage="ended", ended_at=entry.time, outcome=told.outcome, reason=told.reason, words=words)


@PROJECTIONS.on(SessionCancelled)
def _session_cancelled(entry: Entry[SessionCancelled], rows: Rows) -> None:
    told, words = entry.data, _carrier(entry, entry.data.words)
    _change(entry, rows, stage="cancelled", cancelled_by=told.by, reason=told.reason, words=words)


@PROJECTIONS.on(SessionMissed)
def _session_missed(entry: Entry[SessionMissed], rows: Rows) -> None:
    _change(entry, rows, stage="missed", absent=entry.data.absent, words=_carrier(entry, entry.data.words))


@PROJECTIONS.on(NoteSigned)
def _note_signed(entry: Entry[NoteSigned], rows: Rows) -> None:
    told = entry.data
    _change(entry, rows)
    rows.add(
        notes,
        note=told.note,
        event=entry.id,
        session=told.session,
        client=told.client,
        author=told.author,
        length=told.length,
        time=entry.time,
    )
