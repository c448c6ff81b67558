"""The archive: one exact zip form that every zip program opens, and nothing else."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.verifier.archive import MAX_ARCHIVE_BYTES, MAX_MEMBERS, pack, unpack
from services.audit.verifier.strict import FormatError

FILES = {"b.txt": b"second", "a/x.json": b"{}", "empty": b""}


def test_a_common_zip_program_opens_it():
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a/x.json", "b.txt", "empty"]
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_order_of_the_files_given_does_not_matter():
    assert pack(FILES) == pack(dict(reversed(FILES.items())))


names = st.text(alphabet="abz./0-\\", min_size=1, max_size=12)


@given(files=st.dictionaries(names, st.binary(max_size=60), min_size=1, max_size=8))
def test_the_files_come_back(files):
    assert unpack(pack(files)) == files


@given(at=st.integers(0, len(pack(FILES)) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_always_refused(at, bit):
    data = bytearray(pack(FILES))
    data[at] ^= 1 << bit
    with pytest.raises(FormatError):
        unpack(bytes(data))


@pytest.mark.parametrize("kept", range(len(pack(FILES))))
def test_a_truncated_archive_is_refused(kept):
    with pytest.raises(FormatError):
        unpack(pack(FILES)[:kept])


@given(data=st.binary(max_size=200), kept=st.integers(0, 200))
def test_made_up_bytes_are_refused_and_nothing_else_is_raised(data, kept):
    for candidate in (data, b"PK\3\4" + data, pack(FILES)[:kept] + data):
        try:
            files = unpack(candidate)
        except FormatError:
            continue
        assert pack(files) == candidate


def repacked(files, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, body in files:
            archive.writestr(zipfile.ZipInfo(name), body, compression)
    return stream.getvalue()


def test_a_repacked_archive_is_refused_and_says_what_to_do():
    with pytest.raises(FormatError, match="as it was exported"):
        unpack(repacked(sorted(FILES.items())))


def test_a_compressed_bomb_is_refused_without_being_unpacked():
    with pytest.raises(FormatError):
        unpack(repacked([("bomb", bytes(50 << 20))], zipfile.ZIP_DEFLATED))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_given_twice_is_refused():
    with pytest.raises(FormatError):
        unpack(repacked([("a", b"1"), ("a", b"2")]))


def test_a_comment_or_hidden_bytes_are_refused():
    data = pack(FILES)
    with pytest.raises(FormatError):
        unpack(data[:-2] + struct.pack("<H", 2) + b"hi")
    for candidate in (data + b"x", b"x" + data):
        with pytest.raises(FormatError):
            unpack(candidate)


def test_what_is_too_large_is_refused_on_both_sides():
    half = bytes(MAX_ARCHIVE_BYTES // 2 + 1)
    with pytest.raises(FormatError, match="ask for less"):
        pack({"a": half, "b": half})
    with pytest.raises(FormatError, match="larger than"):
        unpack(bytes(MAX_ARCHIVE_BYTES + 1))
    with pytest.raises(FormatError, match="ask for less"):
        pack({str(number): b"" for number in range(MAX_MEMBERS + 1)})


def test_a_name_that_is_not_ascii_is_refused():
    with pytest.raises(FormatError):
        unpack(repacked([("é", b"1")]))
