"""The leaf: its golden bytes, and that it has one spelling only."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.verifier.chain import FIRST_PREVIOUS, chain, verify_lanes
from services.audit.verifier.leaf import Leaf, parse_leaf
from services.audit.verifier.strict import FormatError
from services.audit.verifier.tree import ProofError

LEAF = Leaf("sessions", "1", 3, 7, bytes(range(32)), b"\xff" * 32)
GOLDEN = (
    b'{"chain":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","incarnation":"1","lane":3,'
    b'"sequence":7,"service":"sessions","sha256":"' + b"f" * 64 + b'","v":1}'
)
GOLDEN_HASH = "d12ab38818011cb15def5ada7780cd69be4b9d2db2073470231cd32ae015ec85"


def test_golden_bytes():
    assert LEAF.data() == GOLDEN
    assert LEAF.hash().hex() == GOLDEN_HASH
    assert parse_leaf(GOLDEN) == LEAF


def changed(**members):
    return json.dumps({**json.loads(GOLDEN), **members}, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        GOLDEN + b"\n",
        b" " + GOLDEN,
        GOLDEN.replace(b'"lane":3', b'"lane": 3'),
        GOLDEN.replace(b'"lane":3', b'"lane":3,"lane":3'),
        GOLDEN.replace(b'"lane":3', b'"lane":3.0'),
        GOLDEN.replace(b'"lane":3', b'"lane":3e0'),
        GOLDEN.replace(b'"lane":3', b'"lane":-0'),
        GOLDEN.replace(b'"lane":3', b'"lane":NaN'),
        GOLDEN.replace(b'"lane":3', b'"lane":' + b"9" * 10_000),
        GOLDEN.replace(b'"lane":3', b'"lane":' + b"[" * 100_000),
        GOLDEN.replace(b"sessions", b"sess\\u0069ons"),
        GOLDEN.replace(b"0a0b", b"0A0B"),
        GOLDEN.replace(b"sessions", b"\xff"),
        changed(v=2),
        changed(v=True),
        changed(lane="3"),
        changed(lane=-1),
        changed(lane=2**31),
        changed(lane=True),
        changed(sequence=0),
        changed(sequence=2**53),
        changed(service=""),
        changed(service="Sessions"),
        changed(service="a\n"),
        changed(incarnation=1),
        changed(incarnation="a b"),
        changed(incarnation="\ud800"),
        changed(chain="00"),
        changed(sha256="zz" * 32),
        changed(sha256=[[]]),
        changed(more=1),
    ],
)
def test_any_other_spelling_is_refused(data):
    with pytest.raises(FormatError):
        parse_leaf(data)


@given(
    lane=st.integers(-1, 2**31),
    sequence=st.integers(0, 2**53),
    incarnation=st.text(max_size=5),
    chain_value=st.binary(min_size=31, max_size=33),
)
def test_a_leaf_that_can_be_made_can_be_read(lane, sequence, incarnation, chain_value):
    try:
        leaf = Leaf("audit", incarnation, lane, sequence, chain_value, bytes(32))
    except FormatError:
        return
    assert parse_leaf(leaf.data()) == leaf


class TestLanes:
    """The order and links of lanes, over leaves in the order of the log."""

    def lane(self, count, service="sessions", lane=0, first=1, previous=FIRST_PREVIOUS):
        leaves = []
        for sequence in range(first, first + count):
            previous = chain(service, "1", lane, sequence, previous, bytes([sequence]) * 32)
            leaves.append(Leaf(service, "1", lane, sequence, previous, bytes([sequence]) * 32))
        return leaves

    def test_whole_lanes_that_alternate_hold(self):
        one, other = self.lane(5), self.lane(5, lane=1)
        mixed = [leaf for pair in zip(one, other, strict=True) for leaf in pair]
        assert verify_lanes(mixed, whole=True) == 10

    def test_with_holes_only_neighbours_are_checked(self):
        leaves = self.lane(9)
        assert verify_lanes([leaves[2], leaves[3], leaves[7]], whole=False) == 1

    @pytest.mark.parametrize("missing", [0, 1, 3])
    def test_a_hole_in_a_whole_lane_is_named(self, missing):
        leaves = self.lane(5)
        del leaves[missing]
        with pytest.raises(ProofError, match=f"sequence {missing + 1} of its lane is missing"):
            verify_lanes(leaves, whole=True)

    def test_a_fork_is_found(self):
        leaves = self.lane(3)
        fork = self.lane(2, first=4, previous=b"x" * 32)
        with pytest.raises(ProofError, match="sequence 4: its chain does not follow"):
            verify_lanes([*leaves, *fork], whole=False)

    def test_a_wrong_beginning_is_found(self):
        with pytest.raises(ProofError, match="sequence 1: its chain does not follow"):
            verify_lanes(self.lane(1, previous=b"x" * 32), whole=False)

    def test_a_lane_that_turns_back_is_found(self):
        leaves = self.lane(3)
        for order in ([leaves[1], leaves[0]], [leaves[0], leaves[0]]):
            with pytest.raises(ProofError, match="stands behind"):
                verify_lanes(order, whole=False)
