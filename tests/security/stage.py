"""A house in this process in which the main job is played, with scenes of the tests' own, and a clock to turn.

On embedded parts, or on real ones: then the services share this process, each with its own database roles, its own
sign-in to the key server (that of its worker; of identity, which signs people in, that of its web process), and the one
broker.
"""

from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.cluster import Cluster
from services.embedded import House, prepare
from services.identity.app import founding_link
from services.kernel.parts import make_topics, open_log
from services.kernel.settings import SERVICES, Settings, load_settings
from services.kernel.store.opening import migrate
from services.kernel.time import Clock, Instant, plus, system_clock
from services.mainjob.actor import made_id
from services.mainjob.booking import book, come, consent, intake
from services.mainjob.cast import Cast
from services.mainjob.driver import settle
from services.mainjob.erasing import erase
from services.mainjob.inprocess import InProcess, Turned
from services.mainjob.joining import found_and_join
from services.mainjob.lexicon import Lexicon
from services.mainjob.meeting import meet
from services.mainjob.proving import prove
from services.registry import build
from tests.world import service_settings

DEVICE = "a browser of 2026"


class RealHouse(House):
    """The four services on real parts, in one process: each with the settings that its worker would have."""

    told: dict[str, Settings]

    def __post_init__(self) -> None:
        self.log = open_log(self.settings)
        self.services = {name: build(name, self.told[name], self.clock) for name in SERVICES}


@dataclass
class Stage:
    """A house, who plays in it, and when. ``lexicon``: what they say."""

    settings: Settings
    lexicon: Lexicon = field(default_factory=Lexicon)
    told: dict[str, Settings] = field(default_factory=dict)  # on real parts: the settings of each service
    remote: str = "127.0.0.1"
    clock: Turned = field(default_factory=lambda: Turned(system_clock()))
    driver: InProcess = field(init=False)
    cast: Cast = field(init=False)

    def __post_init__(self) -> None:
        token = (founding_link(self.told.get("identity", self.settings), self.clock) or "").partition("token=")[2]
        device = self.lexicon.word("everybody", "device", DEVICE)
        around = {"REMOTE_ADDR": self.remote, "HTTP_USER_AGENT": device.encode().decode("latin-1")}
        self.driver = InProcess(self.settings, self.clock, self._house, around)
        self.cast = Cast(self.driver, "run", lambda text: None, lexicon=self.lexicon)
        found_and_join(self.cast, token, None)

    def _house(self, settings: Settings, clock: Clock) -> House:
        if not self.told:
            return House(settings, clock)
        kind = type("Told", (RealHouse,), {"told": self.told})
        made: House = kind(settings, clock)
        return made

    @property
    def house(self) -> House:
        return self.driver.house

    def play(self) -> "Stage":
        """The main job up to the proof."""
        book(self.cast)
        meet(self.cast)
        prove(self.cast)
        return self

    def turn(self, *parts: str, **span: float) -> None:
        """Turn the clock on, let the house hear of it, and sign these people in again (nobody named: everybody)."""
        self.clock.on(**span)
        for part in parts or self.cast.people:
            self.cast[part].sign_in()
        for _ in range(3):
            self.driver.wait()

    def close(self) -> None:
        self.driver.close()


def embedded(folder: Path, lexicon: Lexicon | None = None, remote: str = "127.0.0.1") -> Stage:
    """A stage on embedded parts, founded and joined."""
    settings = service_settings(folder)
    prepare(settings)
    return Stage(settings, lexicon or Lexicon(), remote=remote)


def real(folder: Path, cluster: Cluster, lexicon: Lexicon, remote: str) -> Stage:
    """A stage on PostgreSQL, Kafka and OpenBao, founded and joined."""
    own = {"AMANAH_DATA": str(folder / "data"), "AMANAH_KEYRING": str(folder / "keys" / "keyring.json")}
    given = {name: cluster.settings(name, "web" if name == "identity" else "worker") for name in SERVICES}
    told = {name: load_settings(own | given[name]) for name in SERVICES}
    everything = {key: value for name in SERVICES for key, value in given[name].items()}
    settings = load_settings(own | everything)
    for name in SERVICES:
        migrate(told[name], name)
    log = open_log(settings)
    make_topics(settings, log)
    log.close()
    return Stage(settings, lexicon, told, remote)


def dewi(stage: Stage) -> None:
    """A client of Jakarta who lives in Great Britain, of whom every kind of word is kept, and nothing must be kept:
    counselled by phone once, missed once, a cancelled session, a legal hold and its end, and a new password."""
    cast, word = stage.cast, stage.cast.word
    come(cast, "dewi", "jakarta", intake(cast, "dewi", ("Dewi", "1988-05-14", "GB", "Europe/London", "en")))
    consent(cast, "dewi", "jakarta")
    _hold_and_lift(stage)
    _new_password(stage)
    _counselled_by_phone(stage)
    missed = _booked(stage)
    stage.turn("counselor", minutes=20)
    absence = {"absent": "client", "words": word("counselor", "absence", "She did not answer.")}
    cast["counselor"].ask("POST", f"/sessions/v1/sessions/{missed}/absence", absence)


def ask_to_be_erased(stage: Stage) -> dict[str, str]:
    """The erasure of the main job, and Dewi's; what each service answered to hers."""
    stage.turn()
    erase(stage.cast)
    client = stage.cast.client_of("dewi", "jakarta")
    stage.cast["dewi"].post(f"/identity/v1/clients/{client}/erasures")
    officer = stage.cast["officer_jakarta"]

    def answered() -> dict[str, str] | None:
        items = officer.get(f"/identity/v1/clients/{client}/erasures")["items"]
        done = next((item for item in items if item["state"] == "completed"), None)
        return {each["service"]: each["kind"] for each in done["answers"]} if done else None

    return settle(stage.driver, "Dewi's erasure", answered)


def _booked(stage: Stage) -> str:
    """Dewi books the next time by phone, and the clock goes on to shortly before it; the session."""
    cast = stage.cast
    client, counselor = cast.client_of("dewi", "jakarta"), cast["counselor"].account

    def times() -> list[str] | None:
        offered = cast["dewi"].get(f"/sessions/v1/clients/{client}/offers?modality=phone")["offered"]
        return next((each["next_times"] for each in offered if each["counselor"] == counselor), None)

    start = settle(stage.driver, "times for Dewi", times)[0]
    wish = {"client": client, "counselor": counselor, "start": start, "modality": "phone"}
    session = made_id(cast["dewi"].post("/sessions/v1/sessions", wish))
    if plus(stage.clock(), minutes=10) < start:
        stage.clock.at = plus(Instant(start), minutes=-10)
    stage.turn("dewi", "counselor")
    return session


def _counselled_by_phone(stage: Stage) -> None:
    cast, word = stage.cast, stage.cast.word
    client, counselor = cast["dewi"], cast["counselor"]
    path = f"/sessions/v1/sessions/{_booked(stage)}"
    there = {"jurisdiction": "GB", "city": word("dewi", "city_there", "Leeds")}
    client.ask("POST", f"{path}/place", there | {"emergency_contact": word("dewi", "contact_there", "a friend")})
    client.ask("POST", f"{path}/identity", {"phrase": word("dewi", "phrase", "")})
    items = client.get(f"{path}/gate")["readiness_items"]
    client.ask("POST", f"{path}/readiness", {"items": items["client"]})
    counselor.ask("POST", f"{path}/readiness", {"items": items["counselor"]})
    number = counselor.get(f"{path}/way")["number"]
    counselor.ask("POST", f"{path}/start", {"way": {"phone_last_digits": number[-4:]}})
    counselor.post(f"{path}/notes", {"text": word("counselor", "note_dewi", "She is well.")})
    summary = word("counselor", "summary_dewi", "A good talk.")
    counselor.ask("POST", f"{path}/end", {"outcome": "success", "summary": summary})


def _hold_and_lift(stage: Stage) -> None:
    client, officer = stage.cast.client_of("dewi", "jakarta"), stage.cast["officer_jakarta"]
    order = {"basis": "complaint", "reason": stage.cast.word("officer_jakarta", "hold_reason", "A case is open.")}
    hold = made_id(officer.post(f"/identity/v1/clients/{client}/holds", order))
    officer.ask("DELETE", f"/identity/v1/holds/{hold}", expect=204)


def _new_password(stage: Stage) -> None:
    client = stage.cast["dewi"]
    client.post("/identity/v1/password-resets", {"email": client.email}, expect=202)
    before = client.mail_token()
    token = settle(stage.driver, "a mail", lambda: t if (t := client.mail_token()) != before else None)
    client.password = stage.cast.word("dewi", "new_password", "another river under other bridges")
    order = {"token": token, "password": client.password}
    client.ask("POST", "/identity/v1/password-resets/completions", order, expect=204)
    client.sign_in()
