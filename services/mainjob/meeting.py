"""Step 3, meet: the gate with all reasons at once, a place where it may not be, the session, its note and its end."""

from typing import Any

from services.mainjob.booking import PHRASE
from services.mainjob.cast import Cast, check

LINK = "https://meet.example.org/room-for-this-session"
NOTE = "We spoke about the move. Next: sleep."


def meet(cast: Cast) -> None:
    """Play the step."""
    _closed_at_first(cast)
    _elsewhere(cast)
    _prepare(cast)
    _start(cast)
    _note_and_end(cast)
    _read(cast)


def _path(cast: Cast) -> str:
    return f"/sessions/v1/sessions/{cast.things['session_ana']}"


def _gate(cast: Cast, part: str) -> dict[str, Any]:
    gate: dict[str, Any] = cast[part].get(f"{_path(cast)}/gate")
    return gate


def _closed_at_first(cast: Cast) -> None:
    gate = _gate(cast, "counselor")
    wrong = {item["item"] for item in gate["items"] if item["verdict"] != "met"}
    check(not gate["open"], "the gate is closed before anything was attested")
    check(
        {"place", "clearance", "identity", "readiness"} <= wrong, f"every item says what is missing, not only {wrong}"
    )
    cast.forbidden("ben", "GET", f"{_path(cast)}/gate")
    cast.forbidden("officer_jakarta", "GET", f"{_path(cast)}/gate")


def _elsewhere(cast: Cast) -> None:
    """The same client attests California: refused, explained to both, recorded."""
    _attest(cast, "US-CA", "San Diego")
    _ready(cast)
    refused = cast["counselor"].ask("POST", f"{_path(cast)}/start", _by_link(cast), expect=409)
    check("licence_required" in refused.json["reasons"], f"the refusal says why: {refused.json['reasons']}")
    for part in ("ana", "counselor"):
        clearance = next(item for item in _gate(cast, part)["items"] if item["item"] == "clearance")
        check(clearance["verdict"] == "not_met", f"{part} is told that it may not be in California")
        check(all(reason["sentence"] for reason in clearance["reasons"]), "every reason is a sentence")
    entry = cast.recorded("sessions.start-refused", "phoenix", client=cast.client_of("ana", "phoenix"))
    check(entry["actor"] == cast["counselor"].account, "the refused start is recorded with who tried")
    cast["ana"].ask("GET", f"{_path(cast)}/way", expect=409)
    cast.say("in California the session may not start; both are told why, and it is recorded")


def _by_link(cast: Cast) -> dict[str, dict[str, str]]:
    return {"way": {"link": cast.word("counselor", "link", LINK)}}


def _attest(cast: Cast, place: str, city: str) -> None:
    contact = cast.word("ana", f"emergency_contact_{place}", "a sister, +1 555 010 0456")
    order = {"jurisdiction": place, "city": cast.word("ana", f"city_{place}", city), "emergency_contact": contact}
    cast["ana"].ask("POST", f"{_path(cast)}/place", order)


def _ready(cast: Cast) -> None:
    gate = _gate(cast, "ana")
    check(not _says(cast, cast.word("ana", "wrong_phrase", "something else")), "a wrong phrase does not match")
    check(_says(cast, cast.word("ana", "phrase", PHRASE).upper()), "the phrase matches, however it is written")
    for part, role in (("ana", "client"), ("counselor", "counselor")):
        cast[part].ask("POST", f"{_path(cast)}/readiness", {"items": gate["readiness_items"][role]})


def _says(cast: Cast, phrase: str) -> bool:
    matched: bool = cast["ana"].ask("POST", f"{_path(cast)}/identity", {"phrase": phrase}).json["matched"]
    return matched


def _prepare(cast: Cast) -> None:
    _attest(cast, "US-AZ", "Tempe")
    gate = _gate(cast, "counselor")
    closed = [item for item in gate["items"] if item["verdict"] != "met"]
    check(gate["open"], f"the gate is open when everything is met: {closed or gate['timing']}")
    cast.recorded("sessions.place-attested", "phoenix", client=cast.client_of("ana", "phoenix"))
    cast.recorded("sessions.identity-checked", "phoenix", client=cast.client_of("ana", "phoenix"))


def _start(cast: Cast) -> None:
    way = _by_link(cast)
    cast.forbidden("ana", "POST", f"{_path(cast)}/start", way)
    cast["counselor"].ask("POST", f"{_path(cast)}/start", way)
    link = cast["ana"].get(f"{_path(cast)}/way")["link"]
    check(link == way["way"]["link"], "the client gets the link after the gate's yes")
    cast.forbidden("operator", "GET", f"{_path(cast)}/way")
    cast.recorded("sessions.session-started", "phoenix", client=cast.client_of("ana", "phoenix"))
    cast.say("in Arizona the gate is open, and the session has started by a link for this session alone")


def _note_and_end(cast: Cast) -> None:
    counselor = cast["counselor"]
    counselor.post(f"{_path(cast)}/notes", {"text": cast.word("counselor", "note", NOTE)})
    summary = cast.word("counselor", "summary", "Going on.")
    counselor.ask("POST", f"{_path(cast)}/end", {"outcome": "next_online_session", "summary": summary})
    counselor.ask("POST", f"{_path(cast)}/end", {"outcome": "success"}, expect=409)
    client = cast.client_of("ana", "phoenix")
    cast.recorded("sessions.note-signed", "phoenix", client=client)
    cast.recorded("sessions.session-ended", "phoenix", client=client)
    cast.say("the note is signed, and the session has exactly one outcome")


def _read(cast: Cast) -> None:
    client = cast.client_of("ana", "phoenix")
    record = cast["counselor"].get(f"/sessions/v1/clients/{client}/record?purpose=counselling")
    check(record["notes"][0]["text"] == cast.word("counselor", "note", NOTE), "the counselor reads the note")
    entry = cast.recorded("sessions.record-read", "phoenix", client=client)
    check(entry["actor"] == cast["counselor"].account, "the look is recorded with who looked")
    looks = cast["ana"].get(f"/sessions/v1/clients/{client}/looks")["items"]
    check(any(look["reader"] == cast["counselor"].account for look in looks), "the client sees who read their record")
