"""The README's commands are run as they stand there; one that this test does not know fails it.

``make`` would install into a folder of its own first, which takes minutes; so the recipe of its target is run with the
interpreter at hand. Everything else is as the reader has it: an empty folder, the default names of data and keys.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.local.__main__ import FINDERS
from deploy.local.parts import Missing
from services.cli import main
from tests.real import unavailable
from tests.system.conftest import Played
from tests.system.running import PATIENCE, ROOT, Amanah

README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.strip().splitlines()]

RUN, RUN_BARE, TEST, RUN_REAL = "make run", "AMANAH_SAMPLE=no make run", "make test", "make run-real"
SMOKE = ".venv/bin/python -m services.cli smoke http://localhost:8000 --mail-folder data/mail --founding-token TOKEN"
VERIFY = ".venv/bin/python -m services.cli verify bundle.zip --log-key KEY"


class AsInReadme(Amanah):
    """An empty folder, where nothing is set but the port; and, told apart, whether the sample is wanted."""

    def environment(self, **more: str) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AMANAH_")}
        return plain | {"AMANAH_PORT": str(self.port), "AMANAH_URL": self.url, "PYTHONPATH": str(ROOT)} | more

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the README in this folder."""
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


def recipe(line: str) -> str:
    """What ``make`` would run, for the interpreter at hand; settings before ``make`` stay before it."""
    before, _, target = line.partition("make ")
    rule = re.search(rf"^{target}:.*\n\t@?(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert rule, f"the Makefile has no target {target}"
    return f"export {before or 'PATH'}; " + rule[1].replace("$(PY)", sys.executable).replace("$$", "$")


def here(line: str) -> str:
    return line.replace(".venv/bin/python", sys.executable)


@pytest.fixture
def house(tmp_path: Path) -> AsInReadme:
    return AsInReadme(tmp_path)


def test_every_command_of_the_readme_is_known_here() -> None:
    assert sorted(SHELL) == sorted([RUN, RUN_BARE, TEST, SMOKE, VERIFY, RUN_REAL])


def test_make_run_serves_the_sample_network(house: AsInReadme) -> None:
    try:
        house.start(recipe(RUN))
        assert "These people can sign in" in house.said
        assert {path.name for path in house.folder.iterdir()} >= {"data", "keys"}
        assert house.interrupt() == 0
    finally:
        house.kill()


def test_without_the_sample_the_link_begins_the_main_job(house: AsInReadme) -> None:
    try:
        house.start(recipe(RUN_BARE))
        token = re.findall(r"token=(\S+)", house.said)[-1]
        line = here(SMOKE).replace("http://localhost:8000", house.url).replace("TOKEN", token)
        played = house.shell(line)
        assert played.returncode == 0, played.stdout + played.stderr
        assert "the main job holds" in played.stdout
        assert house.interrupt() == 0
    finally:
        house.kill()


def test_a_bundle_is_verified_in_any_folder(house: AsInReadme, played: Played) -> None:
    shutil.copy(played.bundle, house.folder / "bundle.zip")
    for line, code in ((VERIFY, 0), (VERIFY.partition(" --log-key")[0], 2)):
        done = house.shell(here(line).replace("KEY", played.log_key))
        assert done.returncode == code, done.stdout + done.stderr


def test_make_test_finds_the_tests() -> None:
    line = f"{recipe(TEST)} --collect-only -q tests/house"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_run_real_serves_on_real_parts(real_folder: Path, pytestconfig: pytest.Config) -> None:
    for name, find in FINDERS.items():
        try:
            find()
        except Missing as missing:
            unavailable(pytestconfig, name, str(missing))
    house = AsInReadme(real_folder / "readme")
    house.folder.mkdir()
    try:
        house.start(recipe(RUN_REAL))
        house.hear("Ctrl-C ends it")
        assert (house.folder / "data" / "real" / "parts.json").exists()
        assert "token=" in house.said
        assert house.interrupt() == 0
        assert "Traceback" not in house.said
    finally:
        house.kill()


def test_the_table_of_commands_is_the_command_line() -> None:
    named = {tuple(re.findall(r"[a-z][a-z-]*", words)) for words in re.findall(r"`amanah ([a-z -]+)", README)}
    for words in named:
        shown = CliRunner().invoke(main, [*words, "--help"])
        assert shown.exit_code == 0, f"amanah {' '.join(words)}: {shown.output}"
    assert {words[0] for words in named} == set(main.commands)
