"""From a quarter of an hour before a session until it is over."""

from typing import Any

from flask import Response

from services.contracts.sessions import Party
from services.kernel.fields import PersonId
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.policy import caller, operation
from services.kernel.http.serving import acting
from services.sessions.api.common import (
    acts_as_client,
    authorise_session,
    created,
    decision_answer,
    fresh,
    here,
    keyed_once,
    reasons_answer,
    session_answer,
    who_of,
)
from services.sessions.api.schemas import (
    AbsenceSchema,
    CheckedSchema,
    EndSchema,
    GateAnswer,
    NoteSchema,
    PhraseSchema,
    PlaceSchema,
    ReadinessSchema,
    SessionSchema,
    StartSchema,
    WayAnswer,
)
from services.sessions.commands import meeting as commands
from services.sessions.commands.meeting import AttestPlace, End, GateClosed, Start
from services.sessions.domain import readiness
from services.sessions.domain.gate import Gate
from services.sessions.domain.identity_check import TRIES
from services.sessions.domain.session import Session
from services.sessions.queries.gates import gate_of
from services.sessions.queries.helplines import help_lines
from services.sessions.queries.states import need_session
from services.sessions.queries.ways import way_for_client, way_for_counselor

meeting = Blueprint("meeting", __name__, url_prefix="/sessions/<string:session>", description="Meeting")


@meeting.route("/place", methods=["POST"])
@operation("attest-place")
@meeting.arguments(PlaceSchema)
@meeting.response(200, SessionSchema)
def attest_place(body: dict[str, Any], session: str) -> Any:
    """The client says where they are now."""
    row = authorise_session(session)
    order = AttestPlace(session, body["jurisdiction"], body["city"], body["emergency_contact"])
    here().service.do(who_of(row), commands.attest_place, order)
    return session_answer(session)


@meeting.route("/identity", methods=["POST"])
@operation("check-identity")
@meeting.arguments(PhraseSchema)
@meeting.response(200, CheckedSchema)
def check_identity(body: dict[str, Any], session: str) -> Any:
    """The client says their phrase. Each try is recorded until one was right; after five wrong ones the session cannot
    start."""
    row, service = authorise_session(session), here().service
    matched = service.do(who_of(row), commands.check_identity, session, body["phrase"])
    tries = need_session(service.work(who_of(row)), session).tries
    return {"matched": matched, "tries_left": max(0, TRIES - tries)}


@meeting.route("/readiness", methods=["POST"])
@operation("confirm-readiness")
@meeting.arguments(ReadinessSchema)
@meeting.response(200, SessionSchema)
def confirm_readiness(body: dict[str, Any], session: str) -> Any:
    """One side confirms what it must before the start; the gate names the items."""
    row = authorise_session(session)
    role: Party = "client" if acts_as_client(row) else "counselor"
    here().service.do(who_of(row), commands.confirm_readiness, session, role, tuple(body["items"]))
    return session_answer(session)


@meeting.route("/gate", methods=["GET"])
@operation("read-gate")
@meeting.response(200, GateAnswer)
def read_gate(session: str) -> Any:
    """May this session start now: every item, every reason, and the decision of the law. It shows no words."""
    work = here().service.work(who_of(authorise_session(session)))
    found = need_session(work, session)
    gate, _, _ = gate_of(work, found, fresh=fresh())
    return _gate_answer(found, gate)


@meeting.route("/start", methods=["POST"])
@operation("start-session")
@meeting.arguments(StartSchema)
@meeting.response(200, SessionSchema)
def start_session(body: dict[str, Any], session: str) -> Any:
    """Start, by phone (the last four digits that were dialled) or by the link made for this session.

    409 gate-closed explains every item; the refusal is recorded.
    """
    row, service = authorise_session(session), here().service
    way = body["way"]
    order = Start(session, fresh(), way.get("phone_last_digits"), way.get("link"))
    gate = commands.start(service, who_of(row), order)
    if not gate.is_open:
        found = need_session(service.work(who_of(row)), session)
        raise GateClosed(
            "Not everything that a session needs is met.",
            help="Mend what items names, then start again. What cannot be mended is explained to both.",
            extra={"reasons": list(gate.codes), **_gate_answer(found, gate)},
        )
    return session_answer(session)


@meeting.route("/way", methods=["GET"])
@operation("read-way")
@meeting.response(200, WayAnswer)
def read_way(session: str) -> Any:
    """The number or the link, once the session has started. A counselor may read the number to dial as soon as the gate
    is open; every reading by them is recorded."""
    row, service = authorise_session(session), here().service
    if acts_as_client(row):
        return way_for_client(service, who_of(row), session)
    return way_for_counselor(service, who_of(row), session, fresh=fresh())


@meeting.route("/notes", methods=["POST"])
@operation("sign-note")
@meeting.doc(**KEYED)
@meeting.arguments(NoteSchema)
@meeting.response(201, CreatedSchema)
def sign_note(body: dict[str, Any], session: str) -> Response:
    """Sign a note. It is never changed again."""
    authorise_session(session)
    author, once = PersonId(caller().account), keyed_once()
    made = created(f"sessions/{session}/notes")
    return answer(here().service.do_once(acting(), once, made, commands.sign_note, session, author, body["text"]))


@meeting.route("/end", methods=["POST"])
@operation("end-session")
@meeting.arguments(EndSchema)
@meeting.response(200, SessionSchema)
def end_session(body: dict[str, Any], session: str) -> Any:
    """End the session with exactly one outcome."""
    row = authorise_session(session)
    order = End(session, body["outcome"], body["reason"], body["summary"])
    here().service.do(who_of(row), commands.end, order)
    return session_answer(session)


@meeting.route("/absence", methods=["POST"])
@operation("record-absence")
@meeting.arguments(AbsenceSchema)
@meeting.response(200, SessionSchema)
def record_absence(body: dict[str, Any], session: str) -> Any:
    """Record that the session did not take place, and who was absent."""
    row = authorise_session(session)
    here().service.do(who_of(row), commands.record_absence, session, body["absent"], body["words"])
    return session_answer(session)


def _gate_answer(session: Session, gate: Gate) -> dict[str, Any]:
    return {
        "session": session.session,
        "at": gate.at,
        "open": gate.is_open,
        "opens": session.opens,
        "closes": session.ends,
        "timing": reasons_answer(gate.timing),
        "items": [
            {"item": item.kind, "verdict": item.verdict, "reasons": reasons_answer(item.reasons)} for item in gate.items
        ],
        "decision": decision_answer(gate.decision) if gate.decision else None,
        "readiness_items": {role: list(items) for role, items in readiness.ITEMS.items()},
        "help_lines": help_lines(session.place, gate.at),
    }
