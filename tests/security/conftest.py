"""What the tests here share: a house in which the main job was played, once a session, and a copy of it to break."""

from collections.abc import Iterator

import pytest

from tests.security.stage import Stage, embedded


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The main job up to the proof, on embedded parts; one for each file of tests, because they change it."""
    made = embedded(tmp_path_factory.mktemp("stage")).play()
    yield made
    made.close()
