"""Note: what the counselor keeps of a session. Signing appends it; nothing that was signed is ever changed.

In clear stands only about how long it is, in one of five buckets, so that a length tells nothing.
"""

from services.contracts.sessions import LengthBucket

LONGEST = 65_536  # bytes of UTF-8

_BUCKETS: tuple[tuple[int, LengthBucket], ...] = (
    (256, "up_to_256"),
    (1024, "up_to_1k"),
    (4096, "up_to_4k"),
    (16_384, "up_to_16k"),
)


def length_bucket(text: str) -> LengthBucket:
    """The bucket of a text, by its bytes of UTF-8."""
    size = len(text.encode())
    return next((bucket for limit, bucket in _BUCKETS if size <= limit), "over_16k")
