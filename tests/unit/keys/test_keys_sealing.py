"""Sealing: what is opened is what was sealed, where it was sealed, under the one key it was sealed with."""

import json
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.errors import Invalid
from services.kernel.keys.sealing import (
    AssociatedData,
    SealBroken,
    Value,
    commitment,
    encode_value,
    open_,
    padded_length,
    seal,
)

DEK = bytes(range(32))
KEY_ID = "01937f5a-0000-7000-8000-00000000000a"
AD = AssociatedData("clinic-1", "client-1", "notes", "session-1", "event-1", "note", 2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
VALUES = st.text(max_size=600) | st.binary(max_size=600) | JSON


def counting(length: int) -> bytes:
    """Not random at all: 0, 1, 2 …"""
    return bytes(range(length))


@given(value=VALUES, dek=st.binary(min_size=32, max_size=32))
def test_a_sealed_value_comes_back_as_it_was(value: Value, dek: bytes) -> None:
    sealed = seal(dek, KEY_ID, AD, value)
    opened = open_(dek, KEY_ID, AD, sealed.envelope, sealed.commitment)
    assert opened == value
    assert type(opened) is type(value)


def test_no_bit_of_an_envelope_can_be_changed() -> None:
    sealed = seal(DEK, KEY_ID, AD, "words")
    for bit in range(8 * len(sealed.envelope)):
        changed = bytearray(sealed.envelope)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            open_(DEK, KEY_ID, AD, bytes(changed), sealed.commitment)


@pytest.mark.parametrize("length", [0, 1, 81, 200, 353])
def test_a_cut_envelope_is_refused(length: int) -> None:
    sealed = seal(DEK, KEY_ID, AD, "words")
    with pytest.raises(SealBroken):
        open_(DEK, KEY_ID, AD, sealed.envelope[:length], sealed.commitment)


ELSEWHERE = {
    "clinic": AD._replace(clinic="other"),
    "keyholder": AD._replace(keyholder="other"),
    "purpose": AD._replace(purpose="other"),
    "stream": AD._replace(stream="other"),
    "event_id": AD._replace(event_id="other"),
    "field": AD._replace(field="other"),
    "type_version": AD._replace(type_version=3),
}


def test_every_part_of_the_place_is_tried() -> None:
    assert set(ELSEWHERE) == set(AssociatedData._fields)


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
def test_an_envelope_opens_nowhere_else(elsewhere: AssociatedData) -> None:
    sealed = seal(DEK, KEY_ID, AD, "words")
    with pytest.raises(SealBroken, match="ciphertext"):
        open_(DEK, KEY_ID, elsewhere, sealed.envelope, sealed.commitment)


@given(parts=st.lists(st.text(max_size=3), min_size=6, max_size=6), moved=st.text(min_size=1, max_size=3))
def test_moving_text_between_neighbouring_parts_is_seen(parts: list[str], moved: str) -> None:
    """``ab|c`` and ``a|bc`` are different places."""
    first, second, third, fourth, fifth, sixth = parts
    before = AssociatedData(first + moved, second, third, fourth, fifth, sixth, 1)
    after = AssociatedData(first, moved + second, third, fourth, fifth, sixth, 1)
    assert before.framed() != after.framed()


def test_each_refusal_names_its_check() -> None:
    sealed = seal(DEK, KEY_ID, AD, "words")
    other = seal(DEK, KEY_ID, AD, "words")
    cases: list[tuple[str, bytes, str, bytes, str]] = [
        ("format", DEK, KEY_ID, b"\x02" + sealed.envelope[1:], sealed.commitment),
        ("key-id", DEK, KEY_ID[:-1] + "b", sealed.envelope, sealed.commitment),
        ("key-commitment", bytes(32), KEY_ID, sealed.envelope, sealed.commitment),
        ("ciphertext", DEK, KEY_ID, sealed.envelope[:-1] + bytes([sealed.envelope[-1] ^ 1]), sealed.commitment),
        ("value-commitment", DEK, KEY_ID, sealed.envelope, other.commitment),
    ]
    for check, dek, key_id, envelope, committed in cases:
        with pytest.raises(SealBroken) as refused:
            open_(dek, key_id, AD, envelope, committed)
        assert refused.value.check == check


def test_the_commitment_of_a_value_is_fixed_for_ever() -> None:
    """Golden: a change here makes every commitment in every event worthless."""
    assert (
        commitment("event-1", "note", bytes(32), encode_value("words"))
        == "a357b379395e3092109034f155951ea79fd7e0a041e3efe52eb117e8c47b1f26"
    )


def test_the_envelope_of_a_value_is_fixed_for_ever() -> None:
    """Golden, made from the specification by other means: HKDF, AES-GCM and length framing written out here."""
    made = HKDF(SHA512(), 64, counting(64)[:32], b"amanah/seal/v1\x01").derive(DEK)
    inner = (counting(64)[32:] + struct.pack(">I", 6) + b"twords").ljust(256, b"\0")
    parts = [b"clinic-1", b"client-1", b"notes", b"session-1", b"event-1", b"note", b"2"]
    ad = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    sealed = seal(DEK, KEY_ID, AD, "words", random=counting)
    header = b"\x01\x01" + bytes.fromhex(KEY_ID.replace("-", "")) + counting(32) + made[32:]
    assert sealed.envelope == header + AESGCM(made[:32]).encrypt(bytes(12), inner, ad)
    assert sealed.envelope[-16:].hex() == "863708cd43cfb65e4df956fd55e746d8"
    assert sealed.commitment == commitment("event-1", "note", counting(64)[32:], b"twords")


def test_text_and_json_that_look_alike_have_different_commitments() -> None:
    values: list[Value] = ["1", 1, b"1", [1], True, "true"]
    assert len({commitment("e", "f", bytes(32), encode_value(value)) for value in values}) == len(values)


def test_short_values_cannot_be_told_apart_by_length() -> None:
    lengths = {len(seal(DEK, KEY_ID, AD, value).envelope) for value in ("", "Ani", "a@example.org", "x" * 219)}
    assert len(lengths) == 1


@given(length=st.integers(0, 2**31))
def test_padding_never_cuts_and_costs_an_eighth_at_most(length: int) -> None:
    padded = padded_length(length)
    assert padded >= length
    assert padded == 256 or padded <= length * 1.12
    assert padded_length(padded) == padded


def test_half_a_character_is_refused_without_quoting_the_text() -> None:
    values: list[Value] = ["secret \ud800", {"answer": "secret \ud800"}]
    for value in values:
        with pytest.raises(Invalid) as refused:
            seal(DEK, KEY_ID, AD, value)
        assert "secret" not in repr(refused.value) + json.dumps(refused.value.extra)
        assert refused.value.__context__ is None


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_a_bug_and_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(bytes(length), KEY_ID, AD, "words")


def test_one_envelope_cannot_be_made_to_open_under_two_keys() -> None:
    """AES-GCM alone allows it: here one ciphertext is forged that both derived keys accept. The commitment does not."""
    deks = [DEK, bytes(reversed(DEK))]
    salt = bytes(32)
    made = [HKDF(SHA512(), 64, salt, b"amanah/seal/v1\x01").derive(dek) for dek in deks]
    ciphertext = _ciphertext_for_two([key[:32] for key in made], AD.framed())
    for key in made:
        AESGCM(key[:32]).decrypt(bytes(12), ciphertext, AD.framed())  # no InvalidTag: the forgery works
    header = b"\x01\x01" + bytes.fromhex(KEY_ID.replace("-", "")) + salt
    for committed_to, other in ((0, 1), (1, 0)):
        with pytest.raises(SealBroken, match="key-commitment"):
            open_(deks[other], KEY_ID, AD, header + made[committed_to][32:] + ciphertext, "")


def _ciphertext_for_two(keys: list[bytes], ad: bytes) -> bytes:
    """17 blocks of ciphertext and a tag that GCM accepts under both keys: the last block solves a linear equation."""
    ad_blocks = [ad[i : i + 16].ljust(16, b"\0") for i in range(0, len(ad), 16)]
    free = [bytes([i]) * 16 for i in range(16)]
    lengths = struct.pack(">QQ", 8 * len(ad), 8 * 17 * 16)
    sums, hashes = [], []
    for key in keys:
        h, mask = (int.from_bytes(_aes(key, block)) for block in (bytes(16), bytes(15) + b"\1"))
        total = 0
        for block in [*ad_blocks, *free, bytes(16), lengths]:
            total = _times(total ^ int.from_bytes(block), h)
        sums.append(total ^ mask)
        hashes.append(_times(h, h))
    last = _times(sums[0] ^ sums[1], _power(hashes[0] ^ hashes[1], 2**128 - 2))
    tag = sums[0] ^ _times(last, hashes[0])
    return b"".join([*free, last.to_bytes(16), tag.to_bytes(16)])


def _aes(key: bytes, block: bytes) -> bytes:
    encryptor: Any = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return bytes(encryptor.update(block))


def _times(x: int, y: int) -> int:
    """Multiplication in the field of GHASH (NIST SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def _power(x: int, exponent: int) -> int:
    result = 1 << 127
    while exponent:
        if exponent & 1:
            result = _times(result, x)
        x = _times(x, x)
        exponent >>= 1
    return result
