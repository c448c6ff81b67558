"""The chain of the producers and that of the verifier: two codes, one value, for any input."""

import struct
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.verifier.chain import chain as verifier_chain
from services.kernel.chain import chain, chain_head, frame

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
number = st.integers(-(2**63), 2**63 - 1)
link = st.binary(min_size=32, max_size=32)
pieces = st.lists(st.binary(max_size=12), max_size=5)


@given(text, text, number, number, link, st.binary(max_size=200))
def test_producer_and_verifier_agree(
    service: str, incarnation: str, lane: int, sequence: int, previous: bytes, body: bytes
) -> None:
    theirs = verifier_chain(service, incarnation, lane, sequence, previous, sha256(body).digest())
    assert chain(chain_head(service, incarnation), lane, sequence, previous, body) == theirs


@given(pieces, pieces)
def test_other_parts_give_other_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (frame(*one) == frame(*other)) == (one == other)


@given(pieces)
def test_a_frame_can_be_taken_apart(parts: list[bytes]) -> None:
    framed, found = frame(*parts), []
    while framed:
        (length,) = struct.unpack(">I", framed[:4])
        found.append(framed[4 : 4 + length])
        framed = framed[4 + length :]
    assert found == parts


@given(number, number, link, st.binary(max_size=50), st.integers(0, 31), st.integers(1, 255))
def test_every_byte_before_counts(lane: int, sequence: int, previous: bytes, body: bytes, at: int, by: int) -> None:
    head = chain_head("sessions", "1")
    changed = previous[:at] + bytes([previous[at] ^ by]) + previous[at + 1 :]
    assert chain(head, lane, sequence, previous, body) != chain(head, lane, sequence, changed, body)


def test_a_number_beyond_64_bits_is_refused() -> None:
    with pytest.raises(struct.error):
        chain(chain_head("sessions", "1"), 0, 2**63, bytes(32), b"")
