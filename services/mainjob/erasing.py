"""Step 5, erase: one client is erased; another's words must be kept for a while, and she is told until when and why."""

from typing import Any

from services.mainjob.cast import Cast, check
from services.mainjob.driver import settle

ANSWERING = {"identity", "licensing", "sessions", "audit"}


def erase(cast: Cast) -> None:
    """Play the step."""
    _withdraw(cast)
    done = _ask(cast, "ben", "phoenix")
    kinds = {answer["service"]: answer["kind"] for answer in done["answers"]}
    check(set(kinds) == ANSWERING, f"every service has answered, not only {sorted(kinds)}")
    check(kinds["sessions"] == "erased", f"sessions has erased the words, not {kinds['sessions']}")
    check(kinds["licensing"] == "nothing_held", "licensing holds nothing of a client")
    _gone(cast)
    cast.say(f"Ben is erased: {', '.join(f'{name} {kind}' for name, kind in sorted(kinds.items()))}")
    kept = next(a for a in _ask(cast, "ana", "phoenix")["answers"] if a["service"] == "sessions")
    check(kept["kind"] == "kept", "a session that took place in Arizona must be kept")
    check(kept["until"] and kept["basis"], "the answer says until when and why")
    cast.say(f"Ana's record is kept until {kept['until'][:10]} ({kept['basis']})")
    cast.recorded("identity.erasure-completed", "phoenix", client=cast.things["client_ben"])


def _withdraw(cast: Cast) -> None:
    """A wish can be taken back until it is ordered; in a clinic without waiting time that may be at once."""
    citra, client = cast["citra"], cast.client_of("citra", "jakarta")
    reply = citra.post(f"/identity/v1/clients/{client}/erasures")
    erasure = reply.headers["location"].rsplit("/", 1)[1]
    answer = cast.driver.call("DELETE", f"/identity/v1/erasures/{erasure}", token=citra.token)
    check(answer.status in (204, 409), f"the wish is taken back, or was ordered already ({answer.status})")


def _ask(cast: Cast, part: str, clinic: str) -> dict[str, Any]:
    actor, client = cast[part], cast.client_of(part, clinic)
    cast.things[f"client_{part}"] = client
    actor.sign_in()
    cast.forbidden("counselor", "POST", f"/identity/v1/clients/{client}/erasures")
    actor.post(f"/identity/v1/clients/{client}/erasures")
    officer = cast[f"officer_{clinic}"]

    def completed() -> dict[str, Any] | None:
        items: list[dict[str, Any]] = officer.get(f"/identity/v1/clients/{client}/erasures")["items"]
        return next((item for item in items if item["state"] == "completed"), None)

    return settle(cast.driver, f"the erasure of {actor.name}", completed, tries=400)


def _gone(cast: Cast) -> None:
    """Who was erased cannot sign in, and what they said cannot be read by anybody."""
    ben = cast["ben"]
    again = {"email": ben.email, "password": ben.password}
    refused = cast.driver.call("POST", "/identity/v1/sign-ins", token=None, json=again)
    check(refused.status == 401, f"nobody can sign in as somebody who was erased ({refused.status})")
    cast.recorded("sessions.erasure-answered", "phoenix", client=cast.things["client_ben"])
