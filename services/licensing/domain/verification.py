"""A verification: one look by a second person at the source of a credential, and what was found.

The recorder, the counselor and the verifier of a credential are different people; a counselor may record their own,
but then the verifier must be somebody else all the same. Of several looks the one made last counts, whenever it was
recorded.
"""

from dataclasses import dataclass

from services.contracts.vocabulary import VerificationVerdict
from services.kernel.errors import Forbidden, Invalid
from services.kernel.fields import Id, PersonId
from services.kernel.time import Instant, plus

# After the usual terms of primary-source verification (NCQA: at most 90 days old in certification, since 2025-07; all
# is looked up anew within 36 months). An older look says nothing of today; a longer one would never be made again.
OLDEST_DAYS = 90
LONGEST_DAYS = 1096


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verifier` found at `looked_at` in `source`; it may be relied on before `valid_until`, then not."""

    credential: Id
    verifier: PersonId
    verdict: VerificationVerdict
    source: str
    looked_at: Instant
    valid_until: Instant
    recorded_at: Instant


def check_verifier(verifier: PersonId, counselor: PersonId, recorder: PersonId) -> None:
    """Raise Forbidden unless `verifier` is neither whose credential it is nor who recorded it."""
    if verifier == counselor:
        raise Forbidden("This credential is your own", help="Another verifier of the network looks it up")
    if verifier == recorder:
        raise Forbidden("You recorded this credential", help="Somebody who did not record it looks it up")


def check_look(source: str, looked_at: Instant, valid_until: Instant, now: Instant) -> None:
    """Raise Invalid unless a source is named, the look is past but recent, and it may be relied on for some time."""
    if not source.strip():
        raise Invalid("No source is named", help="Name the register or document in which you looked")
    if looked_at > now:
        raise Invalid("The look is in the future", help="Give the time at which you looked")
    if looked_at < plus(now, days=-OLDEST_DAYS):
        raise Invalid(f"The look is more than {OLDEST_DAYS} days old", help="Look again, and give that time")
    if valid_until > plus(looked_at, days=LONGEST_DAYS):
        raise Invalid(
            f"A look may be relied on for {LONGEST_DAYS} days at most",
            help="Name an earlier day on which to look again",
        )
    if valid_until <= looked_at:
        raise Invalid("The look ends before it was made", help="Name a later day on which to look again")
