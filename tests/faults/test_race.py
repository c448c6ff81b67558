"""Sixteen writers and a reader: nothing lost, no hole, no fork, in order; and the race finds the way that loses."""

from pathlib import Path

import pytest

from tests.faults.race import Kind, Naive, Outcome, Race, run
from tests.shop import postgres_shop, sqlite_shop


@pytest.fixture
def seconds(long: bool) -> float:
    return 8.0 if long else 3.0


def told(capsys: pytest.CaptureFixture[str], race: Race, outcome: Outcome) -> None:
    with capsys.disabled():
        print(f"{race.kind}, {race.lanes} lane(s), 16 writers: {outcome}")


def empty_store(kind: Kind, lanes: int, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if kind == "sqlite":
        sqlite_shop(tmp_path, lanes).dispose()
        return str(tmp_path / "shop.sqlite3")
    url: str = request.getfixturevalue("durable_url")
    postgres_shop(url, lanes).dispose()
    return url


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_every_lane_is_whole(
    kind: Kind,
    lanes: int,
    seconds: float,
    seed: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    race = Race(kind, empty_store(kind, lanes, tmp_path, request), lanes, seconds, seed)
    outcome = run(race)
    told(capsys, race, outcome)
    assert outcome.faults == []
    assert outcome.lost == set()
    assert len(outcome.acknowledged) == outcome.stored == len(outcome.seen) == len(set(outcome.seen))
    assert not set(outcome.refused) & set(outcome.seen)
    assert len(outcome.acknowledged) > 100
    assert outcome.refused


def test_the_race_finds_out_the_usual_way_that_loses_events(
    durable_url: str, seconds: float, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    naive = Naive(durable_url, seed)
    naive.prepare()
    naive.close()
    race = Race("naive", durable_url, 1, seconds, seed)
    outcome = run(race)
    told(capsys, race, outcome)
    assert outcome.faults == []
    assert outcome.lost
