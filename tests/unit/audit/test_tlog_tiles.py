"""Tiles: their paths, which of them a tree size has, and entry bundles (C2SP tlog-tiles)."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.tiles import Tile, decode_entries, decode_hashes, encode_entries, parse_path, tiles
from services.audit.verifier.strict import FormatError


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(2, 5, 17), "tile/2/005.p/17"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
        (Tile(63, 0, 255), "tile/63/000.p/255"),
    ],
)
def test_paths(tile, path, ran):
    assert tile.path == path
    assert parse_path(path) == tile
    ran("tile paths")


BAD_PATHS = [
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/0/001/234",
    "tile/0/x000/001",
    "tile/0/x001",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/257",
    "tile/0/000.p/01",
    "tile/0/000.p/",
    "tile/0/000.p",
    "tile/0/000/",
    "/tile/0/000",
    "tile/entry/000",
    "tile//000",
    "tile/0/../000",
    "tile/0/x001/x234/067.p/999",
    "tile/1/١٢٣",
]


@pytest.mark.parametrize("path", [*BAD_PATHS, "", "tile/0/000\n"])
def test_other_spellings_are_refused(path, ran):
    with pytest.raises(FormatError):
        parse_path(path)
    ran("tile paths")


def shape(size, since=0):
    """How many full tiles each level has, and how wide the partial one is."""
    full, partial = Counter(), {}
    for tile in tiles(size, since):
        if tile.width == 256:
            full[tile.level] += 1
        else:
            partial[tile.level] = tile.width
    return dict(full), partial


def test_the_sizes_of_the_specification(ran):
    assert shape(70_000) == ({None: 273, 0: 273, 1: 1}, {None: 112, 0: 112, 1: 17, 2: 1})
    assert shape(256) == ({None: 1, 0: 1}, {1: 1})
    assert shape(0) == ({}, {})
    assert shape(1) == ({}, {None: 1, 0: 1})
    ran("tile widths", 4)


@given(size=st.integers(0, 300_000))
def test_the_tiles_of_a_level_cover_it_without_gap_or_overlap(size):
    covered = Counter()
    for tile in tiles(size):
        assert tile.start == covered[tile.level]
        assert 0 < tile.width <= 256
        covered[tile.level] += tile.width
    level, expected = 0, size
    while expected:
        assert covered[level] == expected
        level, expected = level + 1, expected // 256
    assert covered[None] == size


@given(since=st.integers(0, 140_000), more=st.integers(0, 2_000))
def test_growth_publishes_exactly_what_is_new(since, more):
    before = {tile.path for tile in tiles(since)}
    after = {tile.path for tile in tiles(since + more)}
    new = [tile.path for tile in tiles(since + more, since)]
    assert set(new) == after - before
    assert len(new) == len(set(new))


def test_the_entry_bundle_of_three(ran):
    data = bytes.fromhex("00036f6e65000374776f00057468726565")
    assert encode_entries([b"one", b"two", b"three"]) == data
    assert decode_entries(data, 3) == [b"one", b"two", b"three"]
    ran("entry bundles")


@given(entries=st.lists(st.binary(max_size=300), max_size=256))
def test_entries_come_back(entries):
    assert decode_entries(encode_entries(entries), len(entries)) == entries


@pytest.mark.parametrize(
    ("data", "width"), [(b"\0", 0), (b"\0\5abc", 1), (b"\0\1a\0", 1), (b"\0\1a", 2), (b"\0\1a", 0)]
)
def test_a_bundle_of_another_number_or_half_a_leaf_is_refused(data, width):
    with pytest.raises(FormatError):
        decode_entries(data, width)


def test_a_leaf_too_large_for_a_bundle_is_refused():
    assert len(encode_entries([b"x" * 65_535])) == 65_537
    with pytest.raises(FormatError):
        encode_entries([b"x" * 65_536])


def test_a_tile_of_another_width_is_refused():
    assert decode_hashes(b"a" * 32 + b"b" * 32, 2) == [b"a" * 32, b"b" * 32]
    for data in (b"a" * 32, b"a" * 63, b"a" * 96):
        with pytest.raises(FormatError):
            decode_hashes(data, 2)
