"""Step 2, book: clients register, do the intake, are offered who may lawfully serve them, consent, and book."""

from typing import Any

from services.mainjob.actor import Actor, made_id
from services.mainjob.cast import Cast, check
from services.mainjob.driver import settle
from services.mainjob.joining import adopt

PHRASE = "three herons at the lake"


def book(cast: Cast) -> None:
    """Play the step."""
    come(cast, "ana", "phoenix", intake(cast, "ana", ("Ana", "1991-04-17", "US-AZ", "America/Phoenix", "en")))
    come(cast, "ben", "phoenix", intake(cast, "ben", ("Ben", "1985-09-02", "GB", "Europe/London", "en")))
    come(cast, "citra", "jakarta", intake(cast, "citra", ("Citra", "1998-12-30", "ID-JB", "Asia/Jakarta", "id")))
    cast.say("three clients have registered, confirmed their mail, and done the intake")
    _nobody_else_sees(cast)
    _indonesia(cast)
    for part, clinic in (("ana", "phoenix"), ("ben", "phoenix")):
        consent(cast, part, clinic)
    _race(cast)
    _cancel(cast)


def intake(cast: Cast, part: str, who: tuple[str, str, str, str, str]) -> dict[str, str]:
    """The intake of somebody: name to call, birth date, place, zone, language, and what is usually said besides."""
    name, birth_date, place, zone, language = who
    told = {
        "name": name,
        "birth_date": birth_date,
        "city": "Tempat",
        "zone": zone,
        "language": language,
        "phone": "+15550100123",
        "emergency_contact": "a sister, +1 555 010 0456",
        "phrase": PHRASE,
    }
    return {"jurisdiction": place} | {field: cast.word(part, field, usual) for field, usual in told.items()}


def come(cast: Cast, part: str, clinic: str, told: dict[str, str]) -> None:
    """Register as a client, prove the address, do the intake, and agree on the other way."""
    actor = cast.person(part, told["name"])
    order = {"clinic": cast.clinics[clinic], "email": actor.email, "password": actor.password}
    actor.post("/identity/v1/registrations", order, expect=202)
    actor.post("/identity/v1/email-confirmations", {"token": actor.mail_token()})
    actor.sign_in()
    client = cast.client_of(part, clinic)

    def enrolled() -> bool:
        headers = {"Idempotency-Key": f"intake-{client}"}
        path = f"/sessions/v1/clients/{client}/intake"
        return cast.driver.call("POST", path, token=actor.token, json=told, headers=headers).status == 201

    settle(cast.driver, f"the intake of {actor.name}", enrolled)
    fallback = {"modality": "phone", "number": cast.word(part, "fallback", "+15550100123")}
    actor.ask("PUT", f"/sessions/v1/clients/{client}/fallback", fallback, expect=204)
    cast.recorded("sessions.client-enrolled", clinic, client=client)


def _nobody_else_sees(cast: Cast) -> None:
    ana = cast.client_of("ana", "phoenix")
    for part in ("ben", "operator", "verifier", "officer_phoenix", "officer_jakarta"):
        cast.forbidden(part, "GET", f"/sessions/v1/clients/{ana}/details")
        cast.forbidden(part, "GET", f"/sessions/v1/clients/{ana}/record?purpose=counselling")
    cast.forbidden("counselor", "GET", f"/sessions/v1/clients/{ana}/record?purpose=counselling")


def _indonesia(cast: Cast) -> None:
    """Before the network adopts a standard of its own it is not known; then it is permitted, and says so."""
    counselor = cast["counselor"].account
    found = _offers(cast, "citra", "jakarta")
    refused = {each["counselor"]: each for each in found["not_offered"]}
    if counselor in refused:
        check(refused[counselor]["reason"] == "not_known_yet", "Indonesia is not known before the standard is adopted")
        check(refused[counselor]["sentence"], "the reason is a sentence that can be read")
        for rule in cast.standards:
            adopt(cast["founder"], rule)

    def permitted() -> bool:
        return counselor in {each["counselor"] for each in _offers(cast, "citra", "jakarta")["offered"]}

    settle(cast.driver, "the clearance by the network's own standard", permitted)
    cast.say("Indonesia: not known yet, and permitted once the network adopted a standard of its own")


def _offers(cast: Cast, part: str, clinic: str) -> dict[str, Any]:
    client = cast.client_of(part, clinic)
    found: dict[str, Any] = cast[part].get(f"/sessions/v1/clients/{client}/offers?modality=video")
    return found


def consent(cast: Cast, part: str, clinic: str) -> None:
    """Agree to every required item, one by one."""
    client = cast.client_of(part, clinic)
    for item in cast[part].get(f"/sessions/v1/consent-items?clinic={cast.clinics[clinic]}")["items"]:
        if item["required"]:
            order = {"item": item["code"], "version": item["version"], "locale": "en"}
            cast[part].post(f"/sessions/v1/clients/{client}/consents", order)
    cast.recorded("sessions.consent-given", clinic, client=client)


def _race(cast: Cast) -> None:
    """Two clients want one time: one gets it, the other is told the next free ones."""
    counselor = cast["counselor"].account

    def offered(part: str) -> list[str] | None:
        times = {each["counselor"]: each["next_times"] for each in _offers(cast, part, "phoenix")["offered"]}
        return times.get(counselor)

    times = settle(cast.driver, "the counselor among Ana's offers", lambda: offered("ana"))
    settle(cast.driver, "the counselor among Ben's offers", lambda: offered("ben"))
    first = _wish(cast, "ana", counselor, times[0])
    cast.things["session_ana"] = made_id(cast["ana"].post("/sessions/v1/sessions", first))
    lost = cast["ben"].post("/sessions/v1/sessions", _wish(cast, "ben", counselor, times[0]), expect=409).json
    check(lost["next_free"], "who loses the race is told the next free times")
    second = _wish(cast, "ben", counselor, lost["next_free"][0])
    cast.things["session_ben"] = made_id(cast["ben"].post("/sessions/v1/sessions", second))
    cast.recorded("sessions.session-booked", "phoenix", client=cast.client_of("ana", "phoenix"))
    cast.recorded("sessions.booking-refused", "phoenix", client=cast.client_of("ben", "phoenix"))
    for actor in (cast["ana"], cast["counselor"]):
        settle(cast.driver, f"a mail to {actor.name}", lambda actor=actor: _told(cast, actor))  # type: ignore[misc]
    cast.say("one time, two clients: one has booked it, the other was told the next free ones; both sides have mail")


def _wish(cast: Cast, part: str, counselor: str, start: str) -> dict[str, str]:
    client = cast.client_of(part, "phoenix")
    return {"client": client, "counselor": counselor, "start": start, "modality": "video"}


def _told(cast: Cast, actor: Actor) -> bool:
    """A mail about the session, which says nothing of what it is about."""
    mails = cast.driver.mails_to(actor.email)
    reference = cast["ana"].get(f"/sessions/v1/sessions/{cast.things['session_ana']}")["reference"]
    cast.things["reference"] = reference
    return any("Token: " not in text and "counsel" not in text.lower().split("/")[0] for text in mails)


def _cancel(cast: Cast) -> None:
    ben = cast["ben"]
    path = f"/sessions/v1/sessions/{cast.things['session_ben']}"
    cast.forbidden("ana", "GET", path)
    read = ben.ask("GET", path)
    order = {"reason": "other_plans", "words": cast.word("ben", "cancellation", "My sister comes that day.")}
    ben.change("POST", f"{path}/cancellation", order, read.headers["etag"])
    ben.change("POST", f"{path}/cancellation", order, read.headers["etag"], expect=412)
    cast.recorded("sessions.session-cancelled", "phoenix", client=cast.client_of("ben", "phoenix"))
    cast.say("a booked session can be cancelled, once")
