"""Making the sample network: by real commands over the services' own APIs, with times relative to now.

Two clinics; counselors in Indonesia, Malaysia, Arizona, Ontario and Great Britain; clients; sessions that were and
sessions to come, one of which can be started as soon as the house stands. It was founded thirty days ago: the clock of
the making house is turned on from then to now, so every event, checkpoint and clearance has the time it would have had.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.identity.app import founding_link
from services.kernel.settings import Settings
from services.kernel.time import Instant, moment, plus, system_clock
from services.mainjob.actor import Actor, made_id
from services.mainjob.booking import PHRASE
from services.mainjob.inprocess import InProcess, Turned
from services.mainjob.joining import PDF, adopt
from services.sample import kept_people
from services.sample.people import CLIENTS, COUNSELORS, WORKING, Practitioner, Working, address, people

Say = Callable[[str], None]

FOUNDED_DAYS_AGO = 30
MINUTES = 50  # of each session
SOON = 10  # minutes from the making to the session that can be started
PHONE = "+6281200000001"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def fill(settings: Settings, say: Say) -> bool:
    """Make the sample network unless the network is founded already; whether it was made."""
    clock = Turned(plus(system_clock(), days=-FOUNDED_DAYS_AGO))
    link = founding_link(settings, clock)
    if link is None:
        return False
    say("Making the sample network (once; it takes a moment) ...")
    kept_people(settings).write_text("")
    driver = InProcess(settings, clock)
    logging.disable(logging.INFO)  # hundreds of requests, of no interest to who waits
    try:
        _Sample(driver, clock).make(link.partition("token=")[2])
    finally:
        logging.disable(logging.NOTSET)
        driver.close()
    kept_people(settings).write_text("\n".join(people()) + "\n")
    return True


def hours_with_a_session_soon(now: Instant, zone: str) -> str:
    """Daily hours in which a session begins ten minutes from now; late in the evening, at midnight."""
    wall = moment(now).astimezone(ZoneInfo(zone)) + timedelta(minutes=SOON)
    minute = wall.hour * 60 + wall.minute
    first = minute % MINUTES if minute + MINUTES <= 24 * 60 else 0
    return f"00:{first:02}-24:00"


class _Sample:
    """Making it, from the founding on. Who acts signs in when they first do after the clock was turned."""

    def __init__(self, driver: InProcess, clock: Turned) -> None:
        self.driver = driver
        self.clock = clock
        self.now = system_clock()
        self.people: dict[str, Actor] = {}
        self.clinics: dict[str, str] = {}

    def make(self, token: str) -> None:
        self._found(token)
        self._adopt()
        self._join()
        for counselor in COUNSELORS:
            self._practitioner(counselor)
        self._verify()
        self._register()
        for client in CLIENTS:
            self._intake(*client)
        self._past_session("ana", "phoenix", "maya", "US-AZ", days_ago=21, outcome="next_online_session")
        self._past_session("budi", "jakarta", "dewi", "ID-JB", days_ago=14, outcome="success")
        self._turn_to(self.now)
        self._book("ana", "phoenix", "maya", self.clock.at)
        self._book("budi", "jakarta", "dewi", plus(self.clock.at, days=3))
        self._book("chloe", "phoenix", "james", plus(self.clock.at, days=2))
        self.driver.settle_down()

    def _person(self, part: str, name: str) -> Actor:
        self.people[part] = Actor(self.driver, address(part), name)
        return self.people[part]

    def _as(self, part: str) -> Actor:
        """Somebody, signed in."""
        actor = self.people[part]
        if actor.token is None:
            actor.sign_in()
        return actor

    def _turn_to(self, at: Instant) -> None:
        """Turn the clock on; by then every sign-in has ended."""
        if at > self.clock.at:
            self.clock.at = at
        self.driver.settle_down()
        for actor in self.people.values():
            actor.token = None

    def _found(self, token: str) -> None:
        founder = self._person("founder", "Nadia Prameswari")
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
        founder.sign_in()
        terms = {"erasure_wait_days": 14, "retention_floor_years": 0}
        for name, title, place, zone, languages in (
            ("jakarta", "Klinik Rantau Jakarta", "ID-JK", "Asia/Jakarta", ["id", "en"]),
            ("phoenix", "Saguaro Counselling", "US-AZ", "America/Phoenix", ["en"]),
        ):
            clinic = {"name": title, "jurisdiction": place, "zone": zone, "languages": languages, **terms}
            self.clinics[name] = made_id(founder.post("/identity/v1/clinics", clinic))

    def _join(self) -> None:
        """Invite everybody, one clinic after the other, let the mails go, and accept."""
        for turn in range(max(len(each.clinics) for each in WORKING)):
            asked = [each for each in WORKING if len(each.clinics) > turn]
            for each in asked:
                actor = self.people.get(each.part) or self._person(each.part, each.name)
                clinic = self.clinics[each.clinics[turn]]
                invitation = {"clinic": clinic, "roles": [each.role], "email": actor.email}
                self.people["founder"].post("/identity/v1/invitations", invitation)
            self.driver.settle_down()
            for each in asked:
                self._accept(each)
        self.driver.settle_down()

    def _accept(self, person: Working) -> None:
        actor = self.people[person.part]
        acceptance = {
            "token": actor.mail_token(),
            "password": actor.password,
            "professional_name": person.name,
            "locale": "en",
            "zone": person.zone,
        }
        actor.token = None
        actor.post("/identity/v1/invitations/acceptances", acceptance)

    def _practitioner(self, counselor: Practitioner) -> None:
        actor = self._as(counselor.part)
        profile = {"professions": ["counselor"], "languages": list(counselor.languages), "home": counselor.home}
        actor.change("PUT", "/licensing/v1/profile", profile, '"0"')
        today = self.driver.now().date()
        credential = {
            "kind": counselor.kind,
            "profession": "counselor",
            "issuer": counselor.issuer,
            "jurisdiction": counselor.jurisdiction,
            "number": f"{counselor.jurisdiction}-{counselor.part}-0042",
            "since": f"{today - timedelta(days=500)}",
            "until": f"{today + timedelta(days=400)}",
        }
        made = made_id(actor.post("/licensing/v1/credentials", credential))
        actor.post(f"/licensing/v1/credentials/{made}/evidence", {"file": PDF})
        for text in actor.get("/licensing/v1/attestation-texts")["items"]:
            accepted = {"text": text["text"], "version": text["version"], "locale": "en"}
            actor.post("/licensing/v1/attestations", accepted)
        open_at = counselor.hours or hours_with_a_session_soon(self.now, counselor.zone)
        hours = {
            "zone": counselor.zone,
            "weekly": [f"{day} {open_at}" for day in WEEK],
            "minutes": MINUTES,
            "modalities": ["video", "phone"],
        }
        actor.change("PUT", "/sessions/v1/availability", hours, '"0"', expect=204)

    def _verify(self) -> None:
        now = self.driver.now()
        self.driver.settle_down()
        for part in ("verifier", "verifier2"):
            verifier = self._as(part)
            for item in verifier.get("/licensing/v1/verifications/due")["items"]:
                if item["verdict"] is not None:
                    continue
                verdict = {
                    "verdict": "confirmed",
                    "source": "public register of the issuer",
                    "looked_at": now.isoformat(),
                    "valid_until": (now + timedelta(days=365)).isoformat(),
                }
                verifier.post(f"/licensing/v1/credentials/{item['credential']}/verifications", verdict)

    def _adopt(self) -> None:
        founder = self.people["founder"]
        for rule in founder.get("/licensing/v1/rules?limit=200")["items"]:
            adopt(founder, rule["rule"])

    def _register(self) -> None:
        for part, name, clinic, *_ in CLIENTS:
            actor = self._person(part, name)
            order = {"clinic": self.clinics[clinic], "email": actor.email, "password": actor.password}
            actor.post("/identity/v1/registrations", order, expect=202)
        self.driver.settle_down()
        for part, *_ in CLIENTS:
            self.people[part].post("/identity/v1/email-confirmations", {"token": self.people[part].mail_token()})
        self.driver.settle_down()

    def _intake(self, part: str, name: str, clinic: str, place: str, zone: str, language: str, born: str) -> None:
        actor = self._as(part)
        client = actor.clients[self.clinics[clinic]]
        intake = {
            "name": name,
            "birth_date": born,
            "jurisdiction": place,
            "city": {"US-AZ": "Tempe", "GB": "Leeds"}.get(place, "Bandung"),
            "zone": zone,
            "language": language,
            "phone": PHONE,
            "emergency_contact": "a brother, +62 812 0000 0002",
            "phrase": PHRASE,
        }
        actor.post(f"/sessions/v1/clients/{client}/intake", intake)
        fallback = {"modality": "phone", "number": PHONE}
        actor.ask("PUT", f"/sessions/v1/clients/{client}/fallback", fallback, expect=204)
        for item in actor.get("/sessions/v1/consent-items")["items"]:
            if item["required"]:
                given = {"item": item["code"], "version": item["version"], "locale": language}
                actor.post(f"/sessions/v1/clients/{client}/consents", given)

    def _book(self, part: str, clinic: str, counselor: str, not_before: Instant) -> dict[str, Any]:
        """Book the counselor's first free time from an instant on."""
        actor, account = self._as(part), self.people[counselor].account
        client = actor.clients[self.clinics[clinic]]
        until = plus(not_before, days=3)
        query = f"modality=video&from={not_before}&to={until}"
        offers = actor.get(f"/sessions/v1/clients/{client}/offers?{query}")["offered"]
        times = next(offer["next_times"] for offer in offers if offer["counselor"] == account)
        wish = {"client": client, "counselor": account, "start": times[0], "modality": "video"}
        session = made_id(actor.post("/sessions/v1/sessions", wish))
        found: dict[str, Any] = actor.get(f"/sessions/v1/sessions/{session}")
        return found

    def _past_session(self, part: str, clinic: str, counselor: str, place: str, *, days_ago: int, outcome: str) -> None:
        """Book, meet and end a session that lies in the past."""
        self._turn_to(plus(self.now, days=-days_ago))
        session = self._book(part, clinic, counselor, plus(self.clock.at, minutes=20))
        self._turn_to(plus(Instant(session["start"]), minutes=-5))
        path = f"/sessions/v1/sessions/{session['session']}"
        client, professional = self._as(part), self._as(counselor)
        client.ask("POST", f"{path}/place", {"jurisdiction": place, "city": "home"})
        client.ask("POST", f"{path}/identity", {"phrase": PHRASE})
        items = client.get(f"{path}/gate")["readiness_items"]
        client.ask("POST", f"{path}/readiness", {"items": items["client"]})
        professional.ask("POST", f"{path}/readiness", {"items": items["counselor"]})
        professional.ask("POST", f"{path}/start", {"way": {"link": "https://meet.example.org/sample"}})
        self._turn_to(plus(Instant(session["start"]), minutes=MINUTES))
        self._as(counselor)
        professional.post(f"{path}/notes", {"text": "A first conversation. Sleep, the move, what helps."})
        professional.ask("POST", f"{path}/end", {"outcome": outcome, "summary": "As agreed."})
