"""Errors that a person can meet, as problem details (RFC 9457).

Every error says what happened (``detail``) and what to do next (``help``). ``type`` is stable and documented; it is a
URN, so it is a name and not a promise of a page. No error text may hold a secret or a person's words.
"""

from dataclasses import dataclass
from typing import ClassVar


class CannotStart(Exception):
    """A process cannot start or a command cannot do its work as things are. The text says what to do."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: a JSON pointer (RFC 6901) into the request body, and what is wrong with it."""

    pointer: str
    detail: str


class Problem(Exception):
    """The base of every error that may leave the house.

    ``status`` is the HTTP status, ``retry_after`` whole seconds, ``extra`` further members of the problem object.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str,
        *,
        help: str = "",
        errors: tuple[FieldError, ...] = (),
        retry_after: int | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.help = help
        self.errors = errors
        self.retry_after = retry_after
        self.extra = extra or {}

    @property
    def type(self) -> str:
        return f"urn:amanah:problem:{self.slug}"


class Invalid(Problem):
    """The request is well formed but its content cannot be accepted."""

    status = 422
    slug = "invalid"
    title = "Some of this cannot be accepted as it is"


class Malformed(Problem):
    status = 400
    slug = "malformed"
    title = "The request could not be read"


class Unauthenticated(Problem):
    status = 401
    slug = "sign-in-needed"
    title = "Sign in first"


class Forbidden(Problem):
    status = 403
    slug = "not-allowed"
    title = "This is not yours to do"


class NotFound(Problem):
    status = 404
    slug = "not-found"
    title = "There is nothing here by that name"


class Conflict(Problem):
    """Somebody else wrote first, or the state of the thing does not allow this step."""

    status = 409
    slug = "conflict"
    title = "This does not fit with what happened meanwhile"


class Erased(Problem):
    status = 410
    slug = "erased"
    title = "This was erased"


class Stale(Problem):
    """The version named by If-Match is not the current one."""

    status = 412
    slug = "stale"
    title = "This was changed since you read it"


class PreconditionNeeded(Problem):
    status = 428
    slug = "if-match-needed"
    title = "Say which version you mean to change"


class TooMany(Problem):
    status = 429
    slug = "too-many-tries"
    title = "Too many tries"


class Unavailable(Problem):
    """A part that is needed does not answer. Nothing was written; try again after ``retry_after`` seconds."""

    status = 503
    slug = "unavailable"
    title = "A part we need does not answer just now"
