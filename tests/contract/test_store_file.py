"""What is only true of the store in a file: how it says that the file is away."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text

from services.kernel.errors import Unavailable
from services.kernel.store.backend import Backend
from services.kernel.work import Who
from tests.shop import keep_note, notes, open_shop, sqlite_shop

Step = Callable[[Backend], object]


def _in_a_snapshot(backend: Backend) -> None:
    with backend.reading() as connection:
        connection.execute(text("select 1 from events"))


STEPS: dict[str, Step] = {
    "load a stream": lambda backend: backend.history("shop/person/p1"),
    "read a lane": lambda backend: backend.after(0, 0, 10),
    "ask a read model": lambda backend: backend.rows(select(notes)),
    "read in a snapshot": _in_a_snapshot,
    "erase": lambda backend: backend.erase("p1", "e1", "2026-11-24T12:00:00.000000Z"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_file_that_is_away_is_said_and_what_was_written_is_there_again(tmp_path: Path, step: str) -> None:
    place = tmp_path / "store"
    place.mkdir()
    backend = sqlite_shop(place)
    shop = open_shop(backend, tmp_path)
    shop.do(Who("ana"), keep_note, "p1", "one")
    backend.dispose()
    kept = place / "shop.sqlite3"
    kept.rename(tmp_path / "away")
    kept.mkdir()  # a folder of its name: else SQLite would make an empty file
    with pytest.raises(Unavailable) as told:
        STEPS[step](backend)
    assert told.value.retry_after
    kept.rmdir()
    (tmp_path / "away").rename(kept)
    assert [row.sequence for row in backend.after(0, 0, 10)] == [1]
