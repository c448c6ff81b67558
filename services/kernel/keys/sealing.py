"""Sealing and opening one value with a data key. Pure: no key server, no database, no clock.

The envelope is binary, version 1:

    ver(1) | alg(1) | key id(16) | salt(32) | key commitment(32) | ciphertext and tag

- HKDF-SHA-512 (RFC 5869) of the data key, with the random salt and ``info = "amanah/seal/v1" | alg``, gives 64 bytes:
  a key that is used once (so the nonce of AES-256-GCM may be zero) and the *key commitment*. GCM alone lets one
  ciphertext open under two keys; the commitment, compared in constant time before opening, does not.
- The associated data are rebuilt from trusted columns, never read from the envelope: see ``AssociatedData``.
- Inside lies ``value salt(32) | length(4) | kind(1) and value | zeros``. The zeros hide the length: the inner text is
  256 bytes at least and is else rounded up by Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files",
  PETS 2019), at most 12 % longer. In which bucket a long note falls can still be seen.

The *commitment* that stands in the event is
``SHA-256("amanah/seal/v1", event id, field, value salt, kind and value)``, each part behind its length (4 bytes,
big-endian). The salt lies inside the ciphertext and dies with the key, so after erasure nobody can test a guess.
"""

import hashlib
import hmac
import json
import os
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.kernel.chain import frame
from services.kernel.codec import dumps
from services.kernel.errors import Invalid, Problem

Value = str | bytes | int | bool | list[Any] | dict[str, Any] | None

VERSION = 1
HKDF_SHA512_AES256_GCM = 1

_DOMAIN = b"amanah/seal/v1"
_FRAMED_DOMAIN = frame(_DOMAIN)
_INFO = _DOMAIN + bytes([HKDF_SHA512_AES256_GCM])
_START = bytes([VERSION, HKDF_SHA512_AES256_GCM])
_LENGTH = struct.Struct(">I")
_SALT = 32
_COMMIT = 32
_TAG = 16
_HEADER = 2 + 16 + _SALT + _COMMIT
_INNER_HEADER = _SALT + 4
_SMALLEST = 256
_NONCE = bytes(12)
_SHA512 = SHA512()
_TEXT, _BYTES, _JSON = b"t", b"b", b"j"


class AssociatedData(NamedTuple):
    """Where a sealed value stands. All of it comes from trusted columns; any difference keeps the envelope shut.

    ``clinic``: id, or empty for what belongs to none. ``field``: its path in the event's data. ``type_version``: the
    version of the event's type as it was appended.
    """

    clinic: str
    keyholder: str
    purpose: str
    stream: str
    event_id: str
    field: str
    type_version: int

    def framed(self) -> bytes:
        """The parts, each behind its length; the version as decimal digits."""
        stream = _framed_stream(self.clinic, self.keyholder, self.purpose, self.stream)
        return stream + frame(self.event_id.encode(), self.field.encode(), b"%d" % self.type_version)


class SealedValue(NamedTuple):
    """What sealing gives: the envelope for ``sealed_values``, the commitment (64 hex digits) for the event."""

    envelope: bytes
    commitment: str


class SealBroken(Problem):
    """An envelope does not open. ``check`` names what failed: format, key-id, key-commitment, ciphertext, value,
    value-commitment."""

    slug = "seal-broken"
    title = "A sealed value cannot be opened"

    def __init__(self, check: str) -> None:
        super().__init__(
            f"A sealed value failed the check of its {check}",
            help="The stored value, or what belongs to it, was changed. Tell an operator; do not write over it.",
            extra={"check": check},
        )
        self.check = check


def seal(
    dek: bytes, key_id: str, ad: AssociatedData, value: Value, *, random: Callable[[int], bytes] = os.urandom
) -> SealedValue:
    """Seal a value under a data key of 32 bytes. ``key_id``: the UUID of the key's row.

    Raises ``Invalid`` for text that is not Unicode (half of a surrogate pair).
    """
    coded = encode_value(value)
    salts = random(2 * _SALT)
    salt, value_salt = salts[:_SALT], salts[_SALT:]
    key, commit = _derive(dek, salt)
    length = _INNER_HEADER + len(coded)
    inner = b"".join((value_salt, _LENGTH.pack(len(coded)), coded, bytes(padded_length(length) - length)))
    sealed = AESGCM(key).encrypt(_NONCE, inner, ad.framed())
    envelope = b"".join((_START, _key_id_bytes(key_id), salt, commit, sealed))
    return SealedValue(envelope, commitment(ad.event_id, ad.field, value_salt, coded))


def open_(dek: bytes, key_id: str, ad: AssociatedData, envelope: bytes, committed: str) -> Value:
    """The value in an envelope, proven to be the one that the event's commitment stands for.

    Raises ``SealBroken``, which names the check that failed.
    """
    if len(envelope) < _HEADER + _SMALLEST + _TAG or envelope[:2] != _START:
        raise SealBroken("format")
    if envelope[2:18] != _key_id_bytes(key_id):
        raise SealBroken("key-id")
    key, commit = _derive(dek, envelope[18 : 18 + _SALT])
    if not hmac.compare_digest(commit, envelope[18 + _SALT : _HEADER]):
        raise SealBroken("key-commitment")
    try:
        inner = AESGCM(key).decrypt(_NONCE, envelope[_HEADER:], ad.framed())
    except InvalidTag:
        raise SealBroken("ciphertext") from None
    (length,) = _LENGTH.unpack_from(inner, _SALT)
    coded = inner[_INNER_HEADER : _INNER_HEADER + length]
    if not hmac.compare_digest(commitment(ad.event_id, ad.field, inner[:_SALT], coded), committed):
        raise SealBroken("value-commitment")
    return _decode_value(coded)


def commitment(event_id: str, field: str, value_salt: bytes, coded: bytes) -> str:
    """The commitment to a value, as 64 hex digits; ``coded`` is what ``encode_value`` gives."""
    return hashlib.sha256(_FRAMED_DOMAIN + frame(event_id.encode(), field.encode(), value_salt, coded)).hexdigest()


def encode_value(value: Value) -> bytes:
    """A kind byte (``t`` text, ``b`` bytes, ``j`` JSON) and the value: UTF-8, as it is, or the house's JSON."""
    if isinstance(value, bytes):
        return _BYTES + value
    try:
        return _TEXT + value.encode() if isinstance(value, str) else _JSON + dumps(value)
    except UnicodeEncodeError:
        pass  # its text would quote the value; so it is left behind before ours is raised
    raise Invalid("A text holds half of a character (a lone surrogate)", help="Write the text again and send it.")


def padded_length(length: int) -> int:
    """The bucket for an inner text of this many bytes: Padmé, and 256 at least."""
    if length <= _SMALLEST:
        return _SMALLEST
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


@lru_cache(maxsize=4096)
def _framed_stream(clinic: str, keyholder: str, purpose: str, stream: str) -> bytes:
    """The first parts of the associated data: the same for all values of a stream, so framed once."""
    return frame(clinic.encode(), keyholder.encode(), purpose.encode(), stream.encode())


def _key_id_bytes(key_id: str) -> bytes:
    return bytes.fromhex(key_id.replace("-", ""))  # as uuid.UUID(key_id).bytes, in a fifth of the time


def _derive(dek: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The single-use key and the key commitment, 32 bytes each."""
    if len(dek) != 32:
        raise ValueError("a data key has 32 bytes")
    made = HKDF(_SHA512, 64, salt, _INFO).derive(dek)
    return made[:32], made[32:]


def _decode_value(coded: bytes) -> Value:
    kind, body = coded[:1], coded[1:]
    if kind == _TEXT:
        return body.decode()
    if kind == _BYTES:
        return body
    if kind == _JSON:
        value: Value = json.loads(body)
        return value
    raise SealBroken("value")
