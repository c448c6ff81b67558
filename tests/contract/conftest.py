"""The two databases on which the tiny service of the kernel's tests stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kernel.service import Service
from services.kernel.store.backend import Backend
from tests.shop import open_shop, postgres_shop, sqlite_shop


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    if request.param == "sqlite":
        made = sqlite_shop(tmp_path, lanes=4)
    else:
        made = postgres_shop(request.getfixturevalue("postgres_url"))
    yield made
    made.dispose()


@pytest.fixture
def shop(backend: Backend, tmp_path: Path) -> Service:
    return open_shop(backend, tmp_path, lanes=4)
