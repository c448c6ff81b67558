"""Golden values of the chain that ties the events of a lane together; they are never to change.

The producers' and the verifier's code are two on purpose (the verifier imports nothing of the rest); both must give
these values.
"""

from hashlib import sha256

import pytest

from services.audit.verifier.chain import FIRST_PREVIOUS
from services.audit.verifier.chain import chain as verifier_chain
from services.kernel.chain import ORIGIN, chain_head
from services.kernel.chain import chain as kernel_chain

GOLDEN = [
    (
        ("identity", "1", 0, 1, bytes(32), b"{}"),
        "fe2b459fe6ff03828698707d619ae0e7135af1b152e99a44b725ba6397bf58b4",
    ),
    (
        ("sessions", "2026-11-24", 7, 2**53 - 1, bytes(range(32)), '{"id":"é"}'.encode()),
        "a59cf2160807d30658bb52b0bb272aa2f8f973a10f21f2437c81fd73fff6e899",
    ),
    (
        ("licensing", "a", 3, 2, b"\xff" * 32, b""),
        "e3f64512ee170761561f6bed7414aa3193344e2556353cd2463f9b43fd7d3051",
    ),
]


@pytest.mark.parametrize(("parts", "expected"), GOLDEN)
def test_producers_and_verifier_give_the_golden_chain(parts, expected):
    service, incarnation, lane, sequence, previous, body = parts
    assert verifier_chain(service, incarnation, lane, sequence, previous, sha256(body).digest()).hex() == expected
    assert kernel_chain(chain_head(service, incarnation), lane, sequence, previous, body).hex() == expected


def test_the_formula_is_spelled_out_byte_for_byte():
    framed = (
        b"\0\0\0\x0famanah/chain/v1"
        b"\0\0\0\x08identity"
        b"\0\0\0\x011"
        b"\0\0\0\x08" + (0).to_bytes(8, "big") + b"\0\0\0\x08" + (1).to_bytes(8, "big") + b"\0\0\0\x20" + bytes(32)
    )
    expected = sha256(framed + b"\0\0\0\x20" + sha256(b"{}").digest()).hexdigest()
    assert expected == GOLDEN[0][1]


def test_a_lane_begins_after_zeros_on_both_sides():
    assert bytes(32) == FIRST_PREVIOUS == ORIGIN


def test_no_two_lists_of_parts_share_a_chain():
    digest = sha256(b"").digest()
    one = verifier_chain("ab", "c", 0, 1, FIRST_PREVIOUS, digest)
    other = verifier_chain("a", "bc", 0, 1, FIRST_PREVIOUS, digest)
    assert one != other
