"""Tiles: their paths, and entry bundles (C2SP tlog-tiles)."""

import pytest

from services.audit.domain.tiles import Tile, encode_entries, parse_path
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


def test_the_entry_bundle_of_three(ran):
    data = bytes.fromhex("00036f6e65000374776f00057468726565")
    assert encode_entries([b"one", b"two", b"three"]) == data
    ran("entry bundles")


def test_a_leaf_too_large_for_a_bundle_is_refused():
    assert len(encode_entries([b"x" * 65_535])) == 65_537
    with pytest.raises(FormatError):
        encode_entries([b"x" * 65_536])
