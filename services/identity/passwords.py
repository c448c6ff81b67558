"""Hashing passwords: argon2id (RFC 9106), at most one hash a core at a time, and the same work for an unknown person.

Who signs in goes first: of all other hashing (registering, accepting, a new password) one at a time takes a turn, so
however many newcomers there are, a sign-in waits for one of them at most.

The parameters are OWASP's for a server that many use at once: 19 MiB, 2 passes, 1 lane (about 30 ms a core). A hash
names its own parameters; one made with others is replaced at the next right sign-in.
"""

import os
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_MEMORY_KIB = 19_456
_PASSES = 2


class Passwords:
    """One a process; threads share it."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._turns = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._newcomers = threading.BoundedSemaphore(1)
        self._nobody = self._hasher.hash(os.urandom(32).hex())

    def hash(self, password: str) -> str:
        """The text to keep for a password in its canonical form."""
        with self._newcomers, self._turns:
            return self._hasher.hash(password)

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one kept; where none is kept, no, after the same work."""
        with self._turns:
            try:
                return self._hasher.verify(kept or self._nobody, password) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

    def fits_newcomer(self, kept: str | None, password: str) -> bool:
        """As ``fits``, elsewhere than at signing in."""
        with self._newcomers:
            return self.fits(kept, password)

    def is_outdated(self, kept: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)
