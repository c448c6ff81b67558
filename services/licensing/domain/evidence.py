"""Evidence: a scan or a document that a counselor attaches to a credential.

What a file is is read from its first bytes, never from its name or from what the sender calls it. Sources of the
signatures: ISO 32000-2 (PDF), ISO/IEC 15948 (PNG), ISO/IEC 10918-1 (JPEG).
"""

from services.kernel.errors import Conflict, Invalid
from services.kernel.fields import Code

MAX_BYTES = 512 * 1024
MOST = 20  # files of one credential

_SIGNATURES: tuple[tuple[bytes, Code], ...] = (
    (b"%PDF-", Code("application/pdf")),
    (b"\x89PNG\r\n\x1a\n", Code("image/png")),
    (b"\xff\xd8\xff", Code("image/jpeg")),
)
MEDIA_TYPES = tuple(media_type for _, media_type in _SIGNATURES)


def media_type_of(content: bytes) -> Code:
    """The media type of a file. Raises ``Invalid`` for an empty or too large file, or one of another kind."""
    if len(content) > MAX_BYTES:
        raise Invalid(
            f"The file has {len(content)} bytes; it may have {MAX_BYTES}.", help="Send a smaller scan, or one page."
        )
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    raise Invalid("The file is neither PDF nor PNG nor JPEG.", help="Save it as one of these, and send it again.")


def check_room(attached: int) -> None:
    """Raise ``Conflict`` when a credential has as many files as it may have."""
    if attached >= MOST:
        raise Conflict(f"This credential has {MOST} files already.", help="Record a renewed credential as a new one.")
