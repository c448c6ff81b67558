"""The .tlog-proof: its text form (C2SP tlog-proof), strictly read."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.verifier.proof import Proof, parse_proof
from services.audit.verifier.strict import FormatError

CHECKPOINT = b"log.example\n3\nAAAA\n\n\xe2\x80\x94 log.example AAAA\n"
ONE, TWO = (base64.b64encode(bytes([value]) * 32).decode() for value in (1, 2))
GOLDEN = f"c2sp.org/tlog-proof@v1\nindex 7\n{ONE}\n{TWO}\n\n".encode() + CHECKPOINT


def test_golden_bytes():
    proof = Proof(7, (b"\1" * 32, b"\2" * 32), CHECKPOINT)
    assert proof.data() == GOLDEN
    assert parse_proof(GOLDEN) == proof


def test_a_log_of_one_leaf_needs_no_hashes():
    data = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + CHECKPOINT
    assert parse_proof(data) == Proof(0, (), CHECKPOINT)
    assert Proof(0, (), CHECKPOINT).data() == data


@given(
    index=st.integers(0, 2**63 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    extra=st.none() | st.binary(max_size=50),
    checkpoint=st.binary(min_size=1, max_size=99),
)
def test_any_proof_comes_back(index, hashes, extra, checkpoint):
    proof = Proof(index, tuple(hashes), checkpoint, extra)
    assert parse_proof(proof.data()) == proof


BAD = {
    "nothing": b"",
    "another version": GOLDEN.replace(b"@v1", b"@v2"),
    "no index": GOLDEN.replace(b"index 7\n", b""),
    "two indexes": GOLDEN.replace(b"index 7\n", b"index 7\nindex 7\n"),
    "a leading zero": GOLDEN.replace(b"index 7", b"index 07"),
    "a negative index": GOLDEN.replace(b"index 7", b"index -7"),
    "a huge index": GOLDEN.replace(b"index 7", b"index " + b"9" * 6000),
    "extra after the index": GOLDEN.replace(b"index 7\n", b"index 7\nextra AAAA\n"),
    "extra that is not base64": GOLDEN.replace(b"index 7\n", b"extra A\nindex 7\n"),
    "a short hash": GOLDEN.replace(ONE.encode(), b"AAAA"),
    "a hash with stray bits": GOLDEN.replace(ONE.encode(), ONE[:-2].encode() + b"F="),
    "a hash with a space": GOLDEN.replace(ONE.encode(), ONE.encode() + b" "),
    "64 hashes": GOLDEN.replace(ONE.encode(), b"\n".join([ONE.encode()] * 63)),
    "no checkpoint": GOLDEN.removesuffix(CHECKPOINT),
    "a carriage return": GOLDEN.replace(b"index 7\n", b"index 7\r\n"),
    "not UTF-8": GOLDEN.replace(b"index", b"\xffndex"),
    "too long": GOLDEN + b"x" * (1 << 20),
}


@pytest.mark.parametrize("case", BAD)
def test_other_forms_are_refused(case, ran):
    with pytest.raises(FormatError):
        parse_proof(BAD[case])
    ran("tlog-proof negatives")


@given(data=st.binary(max_size=120))
def test_what_is_read_is_written_back(data):
    for candidate in (data, GOLDEN[: len(data)] + data):
        try:
            proof = parse_proof(candidate)
        except FormatError:
            continue
        assert proof.data() == candidate
