"""``amanah run``: the first start, the second, what is said when it cannot be, and the end by Ctrl-C."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from services.contracts.common import Code
from services.kernel.time import Instant, moment, system_clock
from services.mainjob.actor import Actor
from services.mainjob.booking import PHRASE
from services.mainjob.driver import HttpDriver
from tests.system.running import Amanah

START_AGAIN = 5.0  # seconds, on a machine that does nothing else
MEMORY = 300.0  # megabytes


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amanah]:
    """A house with the sample network, started once for all tests here."""
    house = Amanah(tmp_path_factory.mktemp("sample"), sample=True)
    try:
        house.first_start = house.start()
        yield house
    finally:
        house.kill()
