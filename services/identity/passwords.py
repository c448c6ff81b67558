"""Hashing passwords: argon2id (RFC 9106), at most one hash a core at a time, and the same work for an unknown person.

Who signs in goes first: of all other hashing (registering, accepting, a new password) one at a time takes a turn, so
however many newcomers there are, a sign-in waits for the hash of one of them at most. A newcomer waits ``PATIENCE``
seconds for a turn and is then asked to come again: a crowd of them holds no thread for longer.

The parameters are OWASP's for a server that many use at once: 19 MiB, 2 passes, 1 lane (about 30 ms a core). A hash
names its own parameters; one made with others is replaced at the next right sign-in.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.kernel.errors import Unavailable

_MEMORY_KIB = 19_456
_PASSES = 2

PATIENCE = 2.0  # seconds: some sixty newcomers take their turns in it


class Passwords:
    """One a process; threads share it."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._turns = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._newcomers = threading.BoundedSemaphore(1)
        self._nobody = self._hasher.hash(os.urandom(32).hex())

    def hash(self, password: str) -> str:
        """The text to keep for a password in its canonical form. Raises ``Unavailable`` in a crowd."""
        with self._newcomer(), self._turns:
            return self._hasher.hash(password)

    def renewed(self, kept: str, password: str) -> str | None:
        """The text to keep from now on for a password that was right at a sign-in; none where it is the one kept."""
        if not self._hasher.check_needs_rehash(kept):
            return None
        with self._turns:
            return self._hasher.hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one kept; where none is kept, no, after the same work."""
        with self._turns:
            try:
                return self._hasher.verify(kept or self._nobody, password) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

    def fits_newcomer(self, kept: str | None, password: str) -> bool:
        """As ``fits``, elsewhere than at signing in. Raises ``Unavailable`` in a crowd."""
        with self._newcomer():
            return self.fits(kept, password)

    @contextmanager
    def _newcomer(self) -> Iterator[None]:
        if not self._newcomers.acquire(timeout=self._patience):
            raise Unavailable("Very many people come at this moment.", help="Send it again shortly.", retry_after=5)
        try:
            yield
        finally:
            self._newcomers.release()
