"""Strict reading of small texts: decimals, base64, hexadecimal, names and JSON.

Promise: a value has exactly one accepted spelling, every size is bounded, and whatever is wrong ends in a
``FormatError``. Two spellings of one value would let bytes change without any check noticing.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import NoReturn

MAX_SIZE = 2**63 - 1
"""The largest tree size or index that is read: what a signed 64-bit column can hold."""

MAX_JSON_INT = 2**53 - 1
"""The largest whole number in JSON that every reader keeps exact (RFC 8259, section 6)."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class VerificationError(ValueError):
    """Something that was handed over for checking does not hold. The text says what."""


class FormatError(VerificationError):
    """The bytes are not in the one form that is accepted."""


def shown(value: object, limit: int = 60) -> str:
    """Untrusted text made safe to print: ASCII, no control characters, at most ``limit`` characters and dots."""
    text = ascii(value) if isinstance(value, str | int | None) else f"a {type(value).__name__}"
    return text if len(text) <= limit else text[:limit] + "..."


def utf8(data: bytes, what: str) -> str:
    """The text of UTF-8 bytes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{what} is not UTF-8 text") from None


def decimal(text: str, what: str) -> int:
    """A number from ASCII decimal digits without leading zeros, 0 to ``MAX_SIZE``."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise FormatError(f"{what} is not a decimal number between 0 and 2^63-1: {shown(text)}")
    return int(text)


def base64_bytes(text: str, what: str) -> bytes:
    """The bytes of standard base64 with padding (RFC 4648, section 4), in its one canonical spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise FormatError(f"{what} is not base64: {shown(text)}") from None
    if base64_text(data) != text:
        raise FormatError(f"{what} is not canonical base64: {shown(text)}")
    return data


def base64_text(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def hex_bytes(value: object, width: int, what: str) -> bytes:
    """``width`` bytes from lower-case hexadecimal digits."""
    if not isinstance(value, str) or len(value) != 2 * width or not _HEX.fullmatch(value):
        raise FormatError(f"{what} is not {2 * width} lower-case hexadecimal digits: {shown(value)}")
    return bytes.fromhex(value)


def whole(value: object, low: int, high: int, what: str) -> int:
    """A whole number of JSON between two bounds; ``true`` is not a number."""
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{what} is not a whole number from {low} to {high}: {shown(value)}")
    return value


def matching(value: object, pattern: re.Pattern[str], what: str) -> str:
    """Text that fits a pattern as a whole."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise FormatError(f"{what} is not of the accepted form: {shown(value)}")
    return value


def keys(value: object, wanted: frozenset[str], what: str) -> Mapping[str, object]:
    """A JSON object with exactly the wanted keys."""
    if not isinstance(value, dict):
        raise FormatError(f"{what} is not a JSON object")
    if value.keys() != wanted:
        odd = sorted(shown(key) for key in value.keys() ^ wanted)
        raise FormatError(f"{what} has not exactly the keys it must have; see {', '.join(odd[:5])}")
    return value


def json_value(data: bytes, what: str) -> object:
    """The value of JSON text: UTF-8, no doubled keys, no fractions, no number beyond ``MAX_JSON_INT``."""
    text = utf8(data, what)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_int,
        )
    except FormatError as error:
        raise FormatError(f"{what}: {error}") from None
    except (ValueError, RecursionError):
        raise FormatError(f"{what} is not JSON") from None


def canonical(value: object) -> bytes:
    """The one JSON spelling of a value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")


def canonical_json(data: bytes, what: str) -> object:
    """The value of JSON text that is already in its canonical spelling."""
    value = json_value(data, what)
    try:
        again = canonical(value)
    except RecursionError:
        raise FormatError(f"{what} is nested too deep") from None
    except UnicodeEncodeError:
        raise FormatError(f"{what} holds half a character (a lone surrogate)") from None
    if again != data:
        raise FormatError(f"{what} is not canonical JSON (sorted keys, no spaces)")
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormatError("a key is given twice")
    return found


def _int(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_JSON_INT:
        raise FormatError(f"a number is beyond 2^53-1: {shown(digits)}")
    return int(digits)


def _refuse_number(text: str) -> NoReturn:
    raise FormatError(f"a number is not whole: {shown(text)}")
