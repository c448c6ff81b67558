"""``amanah run``: the first start, the next, the end by Ctrl-C, and what is said when it cannot start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.time import Instant, moment, plus, system_clock
from services.mainjob.actor import PASSWORD, Actor
from services.mainjob.booking import PHRASE
from services.mainjob.driver import HttpDriver
from services.sample.making import MINUTES, SOON, hours_with_a_session_soon
from tests.system.running import Amanah

HOMES = {"ID-JB", "MY-14", "US-AZ", "CA-ON", "GB"}
LINK = "https://meet.example.org/sample-today"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amanah]:
    """A house with the sample network, started once for all tests here."""
    house = Amanah(tmp_path_factory.mktemp("sample"), sample=True)
    try:
        seconds = house.start()
        print(f"first start, which makes the sample network: {seconds:.1f} s, {house.memory():.0f} MB")
        yield house
    finally:
        house.kill()


def _signed_in(house: Amanah, part: str) -> Actor:
    actor = Actor(HttpDriver(house.url, house.data / "mail"), f"{part}@sample.example", part)
    actor.sign_in()
    return actor


def _sessions(actor: Actor) -> list[dict[str, Any]]:
    (client,) = actor.clients.values()
    found: list[dict[str, Any]] = actor.get(f"/sessions/v1/sessions?client={client}&limit=100")["items"]
    return found


@pytest.mark.parametrize("path", ["/", "/help", "/api", "/readyz", "/identity/readyz", "/audit/v1/log-key"])
def test_the_first_start_serves_its_pages(sample: Amanah, path: str) -> None:
    answer = requests.get(sample.url + path, timeout=30)
    assert answer.status_code == 200
    assert answer.content


def test_it_says_who_can_sign_in_and_they_can(sample: Amanah) -> None:
    assert PASSWORD in sample.said
    people = re.findall(r"^  (\w+)@sample\.example ", sample.said, re.MULTILINE)
    assert len(people) >= 13
    for part in set(people):
        assert _signed_in(sample, part).token
    assert set(re.findall(r"counselor, (\S+)$", sample.said, re.MULTILINE)) == HOMES
    assert "request answered" not in sample.said.partition("These people")[0], "the making is quiet"


def test_the_sample_has_past_and_coming_sessions(sample: Amanah) -> None:
    now = system_clock()
    sessions = [session for part in ("ana", "budi", "chloe") for session in _sessions(_signed_in(sample, part))]
    states = {session["stage"] for session in sessions if session["start"] < now}
    assert states == {"ended"}
    assert sum(session["start"] > now and session["stage"] == "booked" for session in sessions) >= 3


def test_one_session_of_the_sample_can_be_started_at_once(sample: Amanah) -> None:
    ana, maya = _signed_in(sample, "ana"), _signed_in(sample, "maya")
    session = next(session for session in _sessions(ana) if session["stage"] == "booked")
    path = f"/sessions/v1/sessions/{session['session']}"
    ana.ask("POST", f"{path}/place", {"jurisdiction": "US-AZ", "city": "Tempe"})
    ana.ask("POST", f"{path}/identity", {"phrase": PHRASE})
    items = ana.get(f"{path}/gate")["readiness_items"]
    ana.ask("POST", f"{path}/readiness", {"items": items["client"]})
    maya.ask("POST", f"{path}/readiness", {"items": items["counselor"]})
    gate = maya.get(f"{path}/gate")
    assert all(item["verdict"] == "met" for item in gate["items"]), gate
    if moment(session["start"]) - moment(system_clock()) < (moment(session["start"]) - moment(session["opens"])):
        maya.ask("POST", f"{path}/start", {"way": {"link": LINK}})
        assert ana.get(f"{path}/way")["link"] == LINK


@given(st.integers(0, 24 * 60 - 1))
def test_a_session_begins_soon_whenever_the_sample_is_made(minute: int) -> None:
    now = plus(Instant("2026-11-24T07:00:00.000000Z"), minutes=minute)  # midnight in Phoenix
    opens, closes = hours_with_a_session_soon(now, "America/Phoenix").split("-")
    first = int(opens[:2]) * 60 + int(opens[3:])
    starts = {at % (24 * 60) for at in range(first, 24 * 60 - MINUTES + 1, MINUTES)}
    wait = next(wait for wait in range(MINUTES + SOON + 1) if (minute + wait) % (24 * 60) in starts)
    assert closes == "24:00"
    assert wait == SOON or (minute + wait) % (24 * 60) == 0, "ten minutes from now, or at the coming midnight"


def test_ctrl_c_ends_it_and_the_next_start_keeps_everything(sample: Amanah) -> None:
    before = requests.get(f"{sample.url}/audit/v1/status", timeout=30).json()["size"]
    sessions = _sessions(_signed_in(sample, "ana"))
    said = len(sample.said)
    assert sample.interrupt() == 0
    seconds = sample.start()
    print(f"started again: {seconds:.1f} s, {sample.memory():.0f} MB")
    now_said = sample.said[said:]
    assert "Traceback" not in sample.said
    assert "Making the sample network" not in now_said
    assert "ana@sample.example" in now_said
    assert _sessions(_signed_in(sample, "ana")) == sessions
    assert requests.get(f"{sample.url}/audit/v1/status", timeout=30).json()["size"] >= before


def test_a_second_start_on_the_same_folder_says_what_to_do(sample: Amanah) -> None:
    second = Amanah(sample.folder).command("run")
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert "AMANAH_DATA=" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_second_start_on_the_same_port_says_what_to_do(sample: Amanah, tmp_path: Path) -> None:
    second = Amanah(tmp_path, port=sample.port).command("run")
    assert second.returncode == 1
    assert f"Port {sample.port} is in use" in second.stderr
    assert "AMANAH_PORT=" in second.stderr
    assert not (tmp_path / "data" / "identity.sqlite3").exists(), "nothing is made where nothing can be served"


def test_a_sample_that_was_cut_short_is_not_passed_off_as_whole(tmp_path: Path) -> None:
    house = Amanah(tmp_path)
    try:
        house.start()
        house.interrupt()
    finally:
        house.kill()
    (house.data / "sample.txt").write_text("")
    again = house.command("run")
    assert again.returncode == 1
    assert "cut short" in again.stderr
    assert "delete" in again.stderr


def test_without_the_sample_a_link_founds_the_network_once(tmp_path: Path) -> None:
    house = Amanah(tmp_path)
    try:
        house.start()
        token = re.findall(r"token=(\S+)", house.said)[-1]
        driver = HttpDriver(house.url, house.data / "mail")
        order = {
            "token": token,
            "name": "Rumah",
            "languages": ["id"],
            "email": "founder@example.org",
            "password": PASSWORD,
            "professional_name": "Nadia",
            "locale": "id",
            "zone": "Asia/Jakarta",
        }
        founder = Actor(driver, "founder@example.org", "Nadia")
        founder.post("/identity/v1/founding", order)
        refused = founder.post("/identity/v1/founding", order, expect=403).json
        assert refused["help"]
        assert house.interrupt() == 0
        said = len(house.said)
        house.start()
        assert "token=" not in house.said[said:], "who founded it needs no link any more"
        assert house.interrupt() == 0
        assert "Traceback" not in house.said
    finally:
        house.kill()
