"""Signed notes and their keys (C2SP signed-note), with Ed25519 signatures of type 0x01.

A note is text that ends in a newline, a blank line, and signature lines ``— <name> base64(key id || signature)``. The
last blank line divides. A signature by an unknown key is passed over; a bad signature by a known key refuses the whole
note; a note without a good signature by a known key is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.audit.verifier.strict import FormatError, VerificationError, base64_bytes, base64_text, shown, utf8

ED25519 = 0x01
MAX_NOTE_BYTES = 1 << 20
MAX_SIGNATURES = 100

_KEY_ID_SIZE = 4
_DASH = "\u2014 "


class SignatureError(VerificationError):
    """The note is well formed, but not signed as it must be."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may verify notes: its name and its 32-byte Ed25519 public key."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != 32:
            raise FormatError(f"an Ed25519 public key has 32 bytes, not {len(self.public)}")

    @property
    def id(self) -> bytes:
        """The four bytes that signatures name the key by: SHA-256(name || 0x0A || type || public key)[:4]."""
        return sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public).digest()[:_KEY_ID_SIZE]

    def text(self) -> str:
        """The key as people hand it on: ``name+<id>+<base64(type || public key)>``."""
        return f"{self.name}+{self.id.hex()}+{base64_text(bytes([ED25519]) + self.public)}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether this key made this signature over this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who signed, by which key, and the signature's own bytes."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read: the text with its final newline, and every signature line in order."""

    text: str
    signatures: tuple[Signature, ...]

    def data(self) -> bytes:
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode("utf-8")


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note whose text may be believed: at least one known key signed it, and no known key's signature is bad."""

    text: str
    verified: tuple[Signature, ...]
    unknown: tuple[Signature, ...]


def parse_key(text: str) -> Key:
    """The key of ``name+<id>+<base64>``. Raises ``FormatError``; the id must be that of the name and key."""
    parts = utf8(text.encode("utf-8", "surrogatepass"), "the key").split("+", 2)
    if len(parts) != 3:
        raise FormatError(f"a key is written name+id+base64: {shown(text)}")
    name, key_id, encoded = parts
    data = base64_bytes(encoded, "the key")
    if len(data) != 33 or data[0] != ED25519:
        raise FormatError(f"the key is not an Ed25519 key of type {ED25519}: {shown(text)}")
    key = Key(name, data[1:])
    if key.id.hex() != key_id:
        raise FormatError(f"the key's id does not belong to its name and bytes: {shown(text)}")
    return key


def parse_keys(text: str) -> tuple[Key, ...]:
    """The keys of a text, one a line, each once. Raises ``FormatError``, also where there is none."""
    found = tuple(dict.fromkeys(parse_key(line.strip()) for line in text.splitlines() if line.strip()))
    if not found:
        raise FormatError("there is no key in it; a key is written name+id+base64, one a line")
    return found


def parse_note(data: bytes) -> Note:
    """The note in these bytes, its signatures not yet checked. Raises ``FormatError``."""
    if len(data) > MAX_NOTE_BYTES:
        raise FormatError(f"the note has more than {MAX_NOTE_BYTES} bytes")
    whole = utf8(data, "the note")
    if any(character < " " and character != "\n" for character in whole):
        raise FormatError("the note holds a control character")
    text, blank, block = whole.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise FormatError("the note does not end in a blank line and signature lines")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise FormatError(f"the note has more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_parse_line(line) for line in lines))


def open_note(data: bytes, known: Iterable[Key]) -> OpenedNote:
    """The note in these bytes, checked against the known keys.

    Raises ``FormatError`` for a malformed note and ``SignatureError`` when a known key's signature is bad, when no
    known key signed, or when two of the known keys that signed cannot be told apart.
    """
    note = parse_note(data)
    keys = list(known)
    verified: dict[tuple[str, bytes], Signature] = {}
    unknown: list[Signature] = []
    for signature in note.signatures:
        named = (signature.name, signature.key_id)
        key = _find(keys, *named)
        if key is None:
            unknown.append(signature)
        elif named not in verified:
            if not key.verifies(note.text.encode(), signature.value):
                raise SignatureError(f"the signature by {shown(key.name)} {key.id.hex()} does not fit the text")
            verified[named] = signature
    if not verified:
        raise SignatureError("no known key signed this note")
    return OpenedNote(note.text, tuple(verified.values()), tuple(unknown))


def _find(keys: list[Key], name: str, key_id: bytes) -> Key | None:
    found = [key for key in keys if key.name == name and key.id == key_id]
    if len(found) > 1:
        raise SignatureError(f"two of the known keys are both {shown(name)} {key_id.hex()}; give only one")
    return found[0] if found else None


def _parse_line(line: str) -> Signature:
    if not line.startswith(_DASH):
        raise FormatError(f"a signature line does not begin with a dash: {shown(line)}")
    name, _, encoded = line[len(_DASH) :].partition(" ")
    _check_name(name)
    data = base64_bytes(encoded, "a signature")
    if len(data) <= _KEY_ID_SIZE:
        raise FormatError(f"a signature is too short: {shown(line)}")
    return Signature(name, data[:_KEY_ID_SIZE], data[_KEY_ID_SIZE:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() or character < " " for character in name):
        raise FormatError(f"a key's name is not empty and holds no space and no plus: {shown(name)}")
