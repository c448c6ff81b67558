"""The sample network: made once, by real commands over the services' own APIs, with times relative to now.

Two clinics; counselors in Indonesia, Malaysia, Arizona, Ontario and Great Britain; clients; sessions that were and
sessions to come, one of which can be started today. It was founded thirty days ago: the clock of the making house is
turned on from then to now, so every event, checkpoint and clearance has the time it would have had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.identity.app import founding_link
from services.kernel.settings import Settings
from services.kernel.time import Instant, plus, system_clock
from services.mainjob.actor import PASSWORD, Actor, made_id
from services.mainjob.booking import PHRASE
from services.mainjob.driver import settle
from services.mainjob.inprocess import InProcess, Turned
from services.mainjob.joining import PDF, adopt

Say = Callable[[str], None]

FOUNDED_DAYS_AGO = 30
PHONE = "+6281200000001"
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A counselor of the sample: who, where, and by which credential."""

    part: str
    name: str
    home: str
    zone: str
    languages: tuple[str, ...]
    kind: str
    issuer: str
    jurisdiction: str
    clinics: tuple[str, ...]
    hours: str = "08:00-20:00"


COUNSELORS = (
    Practitioner("dewi", "Dewi Lestari", "ID-JB", "Asia/Jakarta", ("id",), "permit", "ABKIN", "ID", ("jakarta",)),
    Practitioner(
        "aisyah", "Aisyah Rahman", "MY-14", "Asia/Kuala_Lumpur", ("ms", "en"), "registration",
        "Lembaga Kaunselor Malaysia", "MY", ("jakarta",),
    ),
    Practitioner(
        "maya", "Maya Santoso", "US-AZ", "America/Phoenix", ("en", "id"), "licence",
        "Arizona Board of Behavioral Health Examiners", "US-AZ", ("phoenix",), "00:00-24:00",
    ),
    Practitioner(
        "helen", "Helen Okafor", "CA-ON", "America/Toronto", ("en",), "registration",
        "College of Registered Psychotherapists of Ontario", "CA-ON", ("phoenix",),
    ),
    Practitioner(
        "james", "James Whitfield", "GB", "Europe/London", ("en",), "register_entry",
        "British Association for Counselling and Psychotherapy", "GB", ("phoenix", "jakarta"),
    ),
)  # fmt: skip
STAFF = (
    ("operator", "Ruth Begay", "phoenix", ["operator"]),
    ("verifier", "Tomas Lind", "phoenix", ["verifier"]),
    ("verifier2", "Sari Wulandari", "jakarta", ["verifier"]),
    ("officer", "Grace Whitehorse", "phoenix", ["officer"]),
)
CLIENTS = (
    ("ana", "Ana", "phoenix", "US-AZ", "America/Phoenix", "en", "1991-04-17"),
    ("chloe", "Chloe", "phoenix", "GB", "Europe/London", "en", "1979-01-23"),
    ("budi", "Budi", "jakarta", "ID-JB", "Asia/Jakarta", "id", "1996-08-05"),
)


def fill(settings: Settings, say: Say) -> bool:
    """Make the sample network unless the network is founded already; whether it was made."""
    clock = Turned(plus(system_clock(), days=-FOUNDED_DAYS_AGO))
    link = founding_link(settings, clock)
    if link is None:
        return False
    say("Making the sample network (once; it takes a moment) ...")
    driver = InProcess(settings, clock)
    try:
        _Sample(driver, clock).make(link.partition("token=")[2])
    finally:
        driver.close()
    return True


def people() -> list[str]:
    """Who can sign in to the sample network, one line each."""
    staff = [("founder", "Nadia Prameswari", "network operator"), *((p, n, r[0]) for p, n, _, r in STAFF)]
    staff += [(c.part, c.name, f"counselor, {c.home}") for c in COUNSELORS]
    staff += [(part, name, f"client in {place}") for part, name, _, place, *_ in CLIENTS]
    lines = [f"  {_address(part):28} {name}, {what}" for part, name, what in staff]
    return [f'These people can sign in (password of all: "{PASSWORD}"):', *lines]


def _address(part: str) -> str:
    return f"{part}@sample.example"


class _Sample:
    """Making it, from the founding on."""

    def __init__(self, driver: InProcess, clock: Turned) -> None:
        self.driver = driver
        self.clock = clock
        self.now = system_clock()
        self.people: dict[str, Actor] = {}
        self.clinics: dict[str, str] = {}

    def make(self, token: str) -> None:
        self._found(token)
        for part, name, clinic, roles in STAFF:
            self._join(part, name, "UTC", clinic, roles)
        for counselor in COUNSELORS:
            self._practitioner(counselor)
        self._verify()
        self._adopt()
        for client in CLIENTS:
            self._client(*client)
        self._past_session("ana", "phoenix", "maya", "US-AZ", days_ago=21, outcome="next_online_session")
        self._past_session("budi", "jakarta", "dewi", "ID-JB", days_ago=14, outcome="success")
        self._turn_to(self.now)
        self._coming("ana", "phoenix", "maya", after_minutes=0)
        self._coming("budi", "jakarta", "dewi", after_minutes=3 * 24 * 60)
        self._coming("chloe", "phoenix", "james", after_minutes=2 * 24 * 60)
        self._settle_down()

    def _person(self, part: str, name: str) -> Actor:
        self.people[part] = Actor(self.driver, _address(part), name)
        return self.people[part]

    def _turn_to(self, at: Instant) -> None:
        """Turn the clock on, and let everybody sign in again."""
        if at > self.clock.at:
            self.clock.at = at
        self._settle_down()
        for actor in self.people.values():
            actor.sign_in()

    def _settle_down(self) -> None:
        for _ in range(4):
            self.driver.wait()

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

    def _join(self, part: str, name: str, zone: str, clinic: str, roles: list[str]) -> None:
        actor = self.people.get(part) or self._person(part, name)
        known = len(self.driver.mails_to(actor.email))
        invitation = {"clinic": self.clinics[clinic], "roles": roles, "email": actor.email}
        self.people["founder"].post("/identity/v1/invitations", invitation)
        settle(self.driver, f"the invitation of {name}", lambda: len(self.driver.mails_to(actor.email)) > known)
        acceptance = {
            "token": actor.mail_token(),
            "password": actor.password,
            "professional_name": name,
            "locale": "en",
            "zone": zone,
        }
        actor.post("/identity/v1/invitations/acceptances", acceptance)
        actor.sign_in()

    def _practitioner(self, counselor: Practitioner) -> None:
        for clinic in counselor.clinics:
            self._join(counselor.part, counselor.name, counselor.zone, clinic, ["counselor"])
        self._settle_down()
        actor = self.people[counselor.part]
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
        hours = {
            "zone": counselor.zone,
            "weekly": [f"{day} {counselor.hours}" for day in WEEK],
            "minutes": 50,
            "modalities": ["video", "phone"],
        }
        actor.change("PUT", "/sessions/v1/availability", hours, '"0"', expect=204)

    def _verify(self) -> None:
        now = self.driver.now()
        self._settle_down()
        for part in ("verifier", "verifier2"):
            verifier = self.people[part]
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
        self._settle_down()

    def _client(self, part: str, name: str, clinic: str, place: str, zone: str, language: str, born: str) -> None:
        actor = self._person(part, name)
        order = {"clinic": self.clinics[clinic], "email": actor.email, "password": actor.password}
        actor.post("/identity/v1/registrations", order, expect=202)
        actor.post("/identity/v1/email-confirmations", {"token": actor.mail_token()})
        actor.sign_in()
        self._settle_down()
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
        actor, account = self.people[part], self.people[counselor].account
        client = actor.clients[self.clinics[clinic]]
        until = plus(not_before, days=3)
        query = f"modality=video&from={not_before}&to={until}"
        offers = actor.get(f"/sessions/v1/clients/{client}/offers?{query}")["offered"]
        times = next(offer["next_times"] for offer in offers if offer["counselor"] == account)
        wish = {"client": client, "counselor": account, "start": times[0], "modality": "video"}
        session = made_id(actor.post("/sessions/v1/sessions", wish))
        found: dict[str, Any] = actor.get(f"/sessions/v1/sessions/{session}")
        return found

    def _coming(self, part: str, clinic: str, counselor: str, after_minutes: int) -> None:
        self._book(part, clinic, counselor, plus(self.clock.at, minutes=after_minutes))

    def _past_session(self, part: str, clinic: str, counselor: str, place: str, *, days_ago: int, outcome: str) -> None:
        """Book, meet and end a session that lies in the past."""
        self._turn_to(plus(self.now, days=-days_ago))
        session = self._book(part, clinic, counselor, plus(self.clock.at, minutes=20))
        self._turn_to(plus(Instant(session["start"]), minutes=-5))
        path = f"/sessions/v1/sessions/{session['session']}"
        client, professional = self.people[part], self.people[counselor]
        client.ask("POST", f"{path}/place", {"jurisdiction": place, "city": "home"})
        client.ask("POST", f"{path}/identity", {"phrase": PHRASE})
        items = client.get(f"{path}/gate")["readiness_items"]
        client.ask("POST", f"{path}/readiness", {"items": items["client"]})
        professional.ask("POST", f"{path}/readiness", {"items": items["counselor"]})
        professional.ask("POST", f"{path}/start", {"way": {"link": "https://meet.example.org/sample"}})
        self._turn_to(plus(Instant(session["start"]), minutes=50))
        professional.post(f"{path}/notes", {"text": "A first conversation. Sleep, the move, what helps."})
        professional.ask("POST", f"{path}/end", {"outcome": outcome, "summary": "As agreed."})
