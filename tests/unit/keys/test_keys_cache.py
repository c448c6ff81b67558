"""The cache of data keys: caps, and the rule that a cached key without its row opens nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.keys.cache import DataKeys, KeyCache, WrappedKey, key_context
from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.keys.port import KeyGone

ROW = WrappedKey("k-1", "clinic-1", "client-1", "notes", "local:v1:AAAA", 1)
KEY = bytes(32)


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class CountingKeys(LocalKeys):
    """Real keys that note how many wrapped keys were opened in each call."""

    def __init__(self, service: str, keyring: Keyring) -> None:
        super().__init__(service, keyring)
        self.calls: list[tuple[str, int]] = []

    def unwrap(self, kek: str, items: Sequence[tuple[bytes, str]]) -> list[bytes | KeyGone]:
        self.calls.append((kek, len(items)))
        return super().unwrap(kek, items)


@pytest.fixture
def keys(tmp_path: Path) -> CountingKeys:
    keyring = Keyring(tmp_path / "keys" / "keyring.json", data_folder=tmp_path / "data", found=True)
    keys = CountingKeys("sessions", keyring)
    keys.prepare({"clinic-1": "kek", "clinic-2": "kek"})
    return keys


def test_a_key_is_kept_until_its_age_is_over() -> None:
    time = Time()
    cache = KeyCache(time)
    cache.put(ROW, KEY)
    time.now = 299.9
    assert cache.get(ROW) == KEY
    time.now = 300.0
    assert cache.get(ROW) is None


@pytest.mark.parametrize("age", [0, -1, 300.1])
def test_no_key_may_be_kept_longer_than_five_minutes(age: float) -> None:
    with pytest.raises(ValueError, match="300 seconds"):
        KeyCache(Time(), max_age=age)


def test_a_key_is_given_out_only_so_often() -> None:
    cache = KeyCache(Time(), max_uses=2)
    cache.put(ROW, KEY)
    assert [cache.get(ROW), cache.get(ROW), cache.get(ROW)] == [KEY, KEY, None]


def test_the_oldest_key_leaves_first() -> None:
    cache = KeyCache(Time(), max_size=2)
    a, b, c = (replace(ROW, key_id=name) for name in "abc")
    cache.put(a, KEY)
    cache.put(b, KEY)
    cache.put(a, KEY)
    cache.put(c, KEY)
    assert [cache.get(row) is not None for row in (a, b, c)] == [True, False, True]


def test_a_key_that_nobody_asks_for_any_more_leaves_memory_when_its_age_is_over() -> None:
    time = Time()
    cache = KeyCache(time)
    a, b, c = (replace(ROW, key_id=name) for name in "abc")
    cache.put(a, KEY)
    time.now = 200.0
    cache.put(b, KEY)
    cache.put(a, KEY)  # opened once more
    time.now = 300.0
    assert len(cache) == 2
    time.now = 500.0
    cache.put(c, KEY)
    assert len(cache) == 1
    time.now = 800.0
    assert (cache.get(a), len(cache)) == (None, 0)


@pytest.mark.parametrize(
    "other", [replace(ROW, keyholder="client-2"), replace(ROW, purpose="name"), replace(ROW, kek="clinic-2")]
)
def test_a_row_of_somebody_else_does_not_get_the_key_by_naming_its_id(other: WrappedKey) -> None:
    cache = KeyCache(Time())
    cache.put(ROW, KEY)
    assert cache.get(other) is None


def test_a_page_of_values_costs_one_call_a_kek_and_the_next_page_none(keys: CountingKeys) -> None:
    data_keys = DataKeys(keys, KeyCache(Time()))
    made = [data_keys.make(f"k-{i}", f"clinic-{1 + i % 2}", f"client-{i}", "notes") for i in range(50)]
    fresh = DataKeys(keys, KeyCache(Time()))
    expected = {row.key_id: key for row, key in made}
    assert fresh.open_keys([row for row, _ in made] * 2) == expected
    assert sorted(keys.calls) == [("clinic-1", 25), ("clinic-2", 25)]
    assert fresh.open_keys(row for row, _ in made) == expected
    assert len(keys.calls) == 2


def test_a_new_key_opens_at_once_without_another_call(keys: CountingKeys) -> None:
    data_keys = DataKeys(keys, KeyCache(Time()))
    row, key = data_keys.make("k-1", "clinic-1", "client-1", "notes")
    assert data_keys.open_keys([row]) == {"k-1": key}
    assert keys.calls == []


def test_one_row_that_does_not_open_is_named_and_asked_for_again(keys: CountingKeys) -> None:
    data_keys = DataKeys(keys, KeyCache(Time()))
    row, key = data_keys.make("k-1", "clinic-1", "client-1", "notes")
    stolen = replace(row, key_id="k-2", keyholder="client-2")
    for _ in range(2):
        assert data_keys.open_keys([row, stolen]) == {"k-1": key, "k-2": KeyGone("refused")}
    assert keys.calls == [("clinic-1", 1)] * 2


@given(first=st.tuples(st.text(), st.text()), second=st.tuples(st.text(), st.text()))
def test_two_keyholders_or_purposes_never_share_a_context(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert (key_context(*first) == key_context(*second)) == (first == second)
