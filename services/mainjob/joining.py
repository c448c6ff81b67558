"""Step 1, found and join: a network, two clinics, the people who work there, and what they may do where."""

import base64
from datetime import timedelta
from typing import Any

from services.mainjob.actor import Actor, made_id
from services.mainjob.cast import Cast, check
from services.mainjob.driver import Unexpected, settle

CERTIFICATE = "%PDF-1.4\n% a certificate, for the main job\n%%EOF\n"
PDF = base64.b64encode(CERTIFICATE.encode()).decode()
CREDENTIALS: tuple[dict[str, Any], ...] = (
    {
        "kind": "registration",
        "profession": "psychotherapist",
        "issuer": "College of Registered Psychotherapists of Ontario",
        "jurisdiction": "CA-ON",
    },
    {
        "kind": "licence",
        "profession": "counselor",
        "issuer": "Arizona Board of Behavioral Health Examiners",
        "jurisdiction": "US-AZ",
    },
)
COUNTING = ("US-AZ", "US", "CA-ON", "CA", "US-CA", "GB", "ID")


def found_and_join(cast: Cast, founding_token: str | None, operator: tuple[str, str] | None) -> None:
    """Play the step. With ``operator`` (address, password) the network is founded already."""
    _found(cast, founding_token, operator)
    _clinics(cast)
    _invite(cast)
    _refuse_outsiders(cast)
    _practise(cast)
    _verify(cast)
    _adopt(cast)
    _where_may_i_practise(cast)


def _found(cast: Cast, token: str | None, operator: tuple[str, str] | None) -> None:
    founder = cast.person("founder", "Nadia Prameswari")
    if operator is not None:
        founder.email, founder.password = operator
    elif token is not None:
        order = {
            "token": token,
            "name": "Rumah Rantau",
            "languages": ["id", "en"],
            "email": founder.email,
            "password": founder.password,
            "professional_name": founder.name,
            "locale": "id",
            "zone": "Asia/Jakarta",
        }
        founder.post("/identity/v1/founding", order)
        founder.ask("POST", "/identity/v1/founding", order, headers={"Idempotency-Key": "y" * 16}, expect=403)
        cast.say("the network is founded, and the link works no second time")
    else:
        raise Unexpected("neither a founding token nor an operator was given")
    founder.sign_in()


def _clinics(cast: Cast) -> None:
    wanted = (
        ("jakarta", f"Klinik Rantau {cast.run}", "ID-JK", "Asia/Jakarta", ["id", "en"]),
        ("phoenix", f"Saguaro Counselling {cast.run}", "US-AZ", "America/Phoenix", ["en"]),
    )
    for name, title, place, zone, languages in wanted:
        terms = {"erasure_wait_days": 0, "retention_floor_years": 0}
        order = {"name": title, "jurisdiction": place, "zone": zone, "languages": languages, **terms}
        cast.clinics[name] = made_id(cast["founder"].post("/identity/v1/clinics", order))

    def opened() -> bool:
        founder = cast["founder"]
        return all(founder.get(f"/identity/v1/clinics/{clinic}")["opened"] for clinic in cast.clinics.values())

    settle(cast.driver, "the keys of both clinics", opened)
    cast.say("two clinics are founded, and their keys exist")


def _invite(cast: Cast) -> None:
    wanted = (
        ("operator", "Ruth Begay", "phoenix", ["operator"]),
        ("counselor", "Helen Okafor", "phoenix", ["counselor"]),
        ("verifier", "Tomas Lind", "phoenix", ["verifier"]),
        ("officer_phoenix", "Grace Whitehorse", "phoenix", ["officer"]),
        ("officer_jakarta", "Bima Wicaksono", "jakarta", ["officer"]),
    )
    for part, name, clinic, roles in wanted:
        join(cast, cast.person(part, name), clinic, roles)
    join(cast, cast["counselor"], "jakarta", ["counselor"])
    cast["counselor"].sign_in()
    cast.recorded("identity.membership-granted", "phoenix", actor=cast["counselor"].account)
    cast.say("operator, counselor, verifier and officers have joined by mail")


def join(cast: Cast, actor: Actor, clinic: str, roles: list[str]) -> None:
    """The founder invites somebody into a clinic, and they accept by the token of the mail."""
    known = len(cast.driver.mails_to(actor.email))
    order = {"clinic": cast.clinics[clinic], "roles": roles, "email": actor.email}
    cast["founder"].post("/identity/v1/invitations", order)
    settle(cast.driver, f"the invitation of {actor.name}", lambda: len(cast.driver.mails_to(actor.email)) > known)
    acceptance = {
        "token": actor.mail_token(),
        "password": actor.password,
        "professional_name": actor.name,
        "locale": "en",
        "zone": "America/Toronto",
    }
    actor.post("/identity/v1/invitations/acceptances", acceptance)
    actor.sign_in()


def _refuse_outsiders(cast: Cast) -> None:
    """Nobody founds clinics or invites who may not; another clinic's officer sees nothing of this one."""
    phoenix = cast.clinics["phoenix"]
    invite = {"clinic": phoenix, "roles": ["officer"], "email": "friend@example.org"}
    cast.forbidden("counselor", "POST", "/identity/v1/invitations", invite)
    cast.forbidden("officer_jakarta", "GET", f"/audit/v1/trail?clinic={phoenix}&purpose=review")
    cast.forbidden("counselor", "GET", f"/audit/v1/trail?clinic={phoenix}&purpose=review")
    cast.recorded("identity.operation-refused", "phoenix")


def _practise(cast: Cast) -> None:
    counselor = cast["counselor"]
    profile = {"professions": ["counselor", "psychotherapist"], "languages": ["en", "id"], "home": "CA-ON"}
    settle(cast.driver, "licensing to know the counselor", lambda: _put_profile(counselor, profile))
    today = cast.driver.now().date()
    since, until = today - timedelta(days=400), today + timedelta(days=330)
    for order in CREDENTIALS:
        dated = {"number": _number(cast, order["jurisdiction"]), "since": f"{since}", "until": f"{until}"}
        credential = made_id(counselor.post("/licensing/v1/credentials", order | dated))
        file = cast.word("counselor", f"evidence_{order['jurisdiction']}", CERTIFICATE).encode()
        counselor.post(f"/licensing/v1/credentials/{credential}/evidence", {"file": base64.b64encode(file).decode()})
        cast.things[f"credential_{order['jurisdiction']}"] = credential
    for text in counselor.get("/licensing/v1/attestation-texts")["items"]:
        accepted = {"text": text["text"], "version": text["version"], "locale": "en"}
        counselor.post("/licensing/v1/attestations", accepted)
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    hours = {
        "zone": "America/Toronto",
        "weekly": [f"{day} 00:00-24:00" for day in days],
        "minutes": 15,
        "modalities": ["video", "phone"],
    }
    settle(cast.driver, "sessions to know the counselor", lambda: _put_hours(counselor, hours))
    cast.say("the counselor has recorded profession, credentials with evidence, disclosures and hours")


def _number(cast: Cast, place: str) -> str:
    return cast.word("counselor", f"number_{place}", f"{place}-{cast.run}")


def _put_profile(counselor: Actor, profile: dict[str, Any]) -> bool:
    reply = counselor.driver.call(
        "PUT", "/licensing/v1/profile", token=counselor.token, json=profile, headers={"If-Match": '"0"'}
    )
    return reply.status in (200, 204)


def _put_hours(counselor: Actor, hours: dict[str, Any]) -> bool:
    reply = counselor.driver.call(
        "PUT", "/sessions/v1/availability", token=counselor.token, json=hours, headers={"If-Match": '"0"'}
    )
    return reply.status in (200, 204)


def _verify(cast: Cast) -> None:
    verifier = cast["verifier"]
    wanted = {cast.things[f"credential_{place}"]: _number(cast, place) for place in ("CA-ON", "US-AZ")}

    def due() -> bool:
        items = verifier.get("/licensing/v1/verifications/due")["items"]
        return set(wanted) <= {item["credential"] for item in items}

    settle(cast.driver, "the credentials in the verifier's list", due)
    now = cast.driver.now()
    verdict = {
        "verdict": "confirmed",
        "source": "public register of the issuer",
        "looked_at": now.isoformat(),
        "valid_until": (now + timedelta(days=180)).isoformat(),
        "remark": cast.word("verifier", "remark", "As the register shows it today."),
    }
    for credential, number in sorted(wanted.items()):
        shown = verifier.get(f"/licensing/v1/credentials/{credential}")
        check(shown["number"] == number, "the verifier sees the number of the credential")
        cast.forbidden("counselor", "POST", f"/licensing/v1/credentials/{credential}/verifications", verdict)
        cast.forbidden("officer_jakarta", "GET", f"/licensing/v1/credentials/{credential}")
        verifier.post(f"/licensing/v1/credentials/{credential}/verifications", verdict)
    cast.say("another person has looked up each credential at its source")


def _adopt(cast: Cast) -> None:
    founder = cast["founder"]
    rules = founder.get("/licensing/v1/rules?limit=200")["items"]
    for rule in rules:
        if rule["jurisdiction"] in COUNTING and not rule["network"] and rule["state"] != "adopted":
            adopt(founder, rule["rule"])
    standards = [rule for rule in rules if rule["network"] and rule["jurisdiction"] == "ID"]
    fitting = [rule for rule in standards if not rule["professions"] or "counselor" in rule["professions"]]
    cast.standards = [rule["rule"] for rule in fitting]
    cast.forbidden("operator", "POST", f"/licensing/v1/rules/{rules[0]['rule']}/adoptions", {"edition": 1})
    cast.say("the network operator has read the sources and adopted the rules that are to count")


def adopt(founder: Actor, rule: str) -> None:
    """Read a rule's source, and adopt it."""
    shown = founder.get(f"/licensing/v1/rules/{rule}")
    order = {"edition": shown["edition"], "source_read": shown["source_hash"]}
    founder.post(f"/licensing/v1/rules/{rule}/adoptions", order)


def _where_may_i_practise(cast: Cast) -> None:
    wanted = {"US-AZ": "permitted", "CA-ON": "permitted", "GB": "permitted", "US-CA": "prohibited"}
    places: dict[str, str] = {}
    for each in cast["counselor"].get("/licensing/v1/coverage")["items"]:
        if places.get(each["place"]) != "permitted":  # one profession that is permitted is enough
            places[each["place"]] = each["verdict"]
    for place, verdict in wanted.items():
        check(places.get(place) == verdict, f"the answer for {place} is {verdict}, not {places.get(place)}")
    check(places.get("ID") in ("undetermined", "permitted"), "the answer for Indonesia is not known yet")
    shown = ", ".join(f"{place} {places[place]}" for place in [*wanted, "ID"])
    cast.say(f"where may I practise: {shown}")
