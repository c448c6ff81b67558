"""Ids and references.

An id is a UUID version 7 (RFC 9562) as text: unique without asking anybody, and roughly in order of time. A reference
is short and random, for people to quote: ``k-91XF`` for a client, ``S-4K7T`` for a session.
"""

import secrets
import time
import uuid

# Crockford's base 32 without I, L, O, U: nothing that is misread aloud or on paper.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A new UUIDv7 as 36 characters of text."""
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def new_reference(prefix: str, length: int = 4) -> str:
    """A new reference such as ``k-91XF``; uniqueness is the caller's to claim."""
    return f"{prefix}-" + "".join(secrets.choice(_ALPHABET) for _ in range(length))
