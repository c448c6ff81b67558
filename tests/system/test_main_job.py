"""The main job, from the founding to an erasure: one script, in one process and against separate ones on real parts.

Over HTTP against ``amanah run`` it is played by the README's own command, in ``test_readme``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.cluster import Cluster
from deploy.local.house import RealHouse
from services.embedded import prepare
from services.identity.app import founding_link
from services.kernel.settings import SERVICES, load_settings
from services.kernel.time import system_clock
from services.mainjob.cast import Cast
from services.mainjob.driver import HttpDriver
from services.mainjob.inprocess import InProcess
from services.mainjob.smoke import STEPS, play_main_job


def _holds(cast: Cast, said: list[str]) -> None:
    assert [line for line in said if line[0].isdigit()] == [f"{at}. {name}" for at, name in enumerate(STEPS, 1)]
    assert said[-1] == "the main job holds"
    assert cast.things["reference"]
    print("\n".join(said))


def test_in_one_process(tmp_path: Path) -> None:
    environ = {"AMANAH_DATA": str(tmp_path / "data"), "AMANAH_KEYRING": str(tmp_path / "keys" / "keyring.json")}
    settings = load_settings(environ)
    prepare(settings)
    link = founding_link(settings)
    assert link is not None
    driver = InProcess(settings, system_clock)
    said: list[str] = []
    try:
        _holds(play_main_job(driver, said.append, founding_token=link.partition("token=")[2]), said)
    finally:
        driver.close()


@pytest.fixture
def real_house(cluster: Cluster, real_folder: Path) -> Iterator[RealHouse]:
    """The house as separate processes on PostgreSQL, Kafka and OpenBao."""
    with RealHouse(cluster, real_folder / "main-job-house") as house:
        yield house


def test_on_real_parts(real_house: RealHouse) -> None:
    founding = real_house.amanah("identity", "founding-link")
    assert founding.returncode == 0, founding.stderr
    driver = HttpDriver(real_house.url, real_house.mail_folder)
    said: list[str] = []
    token = founding.stdout.strip().partition("token=")[2]
    _holds(play_main_job(driver, said.append, founding_token=token), said)
    _every_process_lives(real_house)
    with ThreadPoolExecutor(len(SERVICES)) as threads:
        for looked in [threads.submit(_is_sound, real_house, service) for service in SERVICES]:
            looked.result()


def _is_sound(house: RealHouse, service: str) -> None:
    for words in (["store", "verify", service], ["rebuild", service, "--verify"], ["doctor", service]):
        done = house.amanah(service, *words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def _every_process_lives(house: RealHouse) -> None:
    for name, process in house.processes.items():
        assert process.pid, name
        assert "Traceback" not in process.log.read_text(encoding="utf-8", errors="replace"), name
