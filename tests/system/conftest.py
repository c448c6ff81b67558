"""One network in which the main job was played, once for all tests here; each test gets a copy of its own to break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.embedded import prepare
from services.identity.app import founding_link
from services.kernel.settings import load_settings
from services.kernel.time import system_clock
from services.mainjob.actor import made_id
from services.mainjob.inprocess import InProcess
from services.mainjob.smoke import play_main_job
from tests.system.running import Amanah


@dataclass(frozen=True)
class Played:
    """Where the main job was played: its folder, what it said, and a bundle with the key of the log."""

    folder: Path
    said: list[str]
    bundle: Path
    log_key: str
    reference: str


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The main job in one process, played to its end and settled."""
    folder = tmp_path_factory.mktemp("played")
    environ = {"AMANAH_DATA": str(folder / "data"), "AMANAH_KEYRING": str(folder / "keys" / "keyring.json")}
    settings = load_settings(environ)
    prepare(settings)
    link = founding_link(settings)
    assert link is not None
    said: list[str] = []
    driver = InProcess(settings, system_clock)
    try:
        cast = play_main_job(driver, said.append, founding_token=link.partition("token=")[2])
        officer, reference = cast["officer_phoenix"], cast.things["reference"]
        order = {"clinic": cast.clinics["phoenix"], "reference": reference, "purpose": "complaint"}
        bundle = folder / "bundle.zip"
        bundle.write_bytes(
            officer.ask("GET", f"/audit/v1/bundles/{made_id(officer.post('/audit/v1/bundles', order))}").body
        )
        key = officer.ask("GET", "/audit/v1/log-key").body.decode().strip()
        driver.settle_down()
    finally:
        driver.close()
    return Played(folder, said, bundle, key, reference)


@pytest.fixture
def amanah(played: Played, tmp_path: Path) -> Amanah:
    """A copy of that network that may be broken."""
    for part in ("data", "keys"):
        shutil.copytree(played.folder / part, tmp_path / part)
    return Amanah(tmp_path)


Fails = Callable[..., str]


@pytest.fixture
def fails() -> Fails:
    """A command that must fail in words, with exit code 1 and no trace; gives all that it printed."""

    def run(house: Amanah, *words: str, code: int = 1, **more: str) -> str:
        done = house.here(*words, **more)
        assert done.exit_code == code, done.output
        return done.output

    return run
