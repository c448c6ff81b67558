"""Identity check: the phrase by which a client shows, at every session, who they are.

The client chose the phrase at the intake and says it again before each session (ACA H.3; Alabama 536-X-8-.10(2)). It
is compared as it is spoken: without case, punctuation or width of letters, and in a time that does not depend on
where it differs. After five wrong tries in one session the gate stays shut; the counselor then knows that this may be
somebody else. While a session is open the phrase cannot be changed: else whoever sits at the client's screen could
choose one and say it.
"""

import hmac
import unicodedata
from hashlib import sha256

from services.kernel.errors import Conflict, FieldError, Invalid

TRIES = 5
SHORTEST = 8  # letters and digits; a shorter one is guessed too easily


def normal_form(phrase: str) -> str:
    """The phrase as it is compared: compatibility form, folded case, letters and digits, words one blank apart."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", phrase).casefold())
    kept = "".join(letter if letter.isalnum() or unicodedata.combining(letter) else " " for letter in folded)
    return " ".join(kept.split())


def is_same(said: str, kept: str) -> bool:
    """Whether what was said is the phrase that was kept, compared in constant time over hashes of one length."""
    digests = (sha256(normal_form(phrase).encode()).digest() for phrase in (said, kept))
    return hmac.compare_digest(*digests)


def check_new(phrase: str) -> None:
    """Raises ``Invalid`` for a phrase that is too short to prove anything."""
    if sum(letter.isalnum() for letter in normal_form(phrase)) < SHORTEST:
        detail = f"Choose a phrase with at least {SHORTEST} letters or digits; several words are easier to remember."
        raise Invalid("This phrase is too short.", help=detail, errors=(FieldError("/phrase", detail),))


def ensure_changeable(session_is_open: bool) -> None:
    """Raises ``Conflict`` while a session of the client is open: its check is by the phrase chosen before."""
    if session_is_open:
        raise Conflict(
            "Your phrase cannot be changed while a session is about to start.",
            help="Say the phrase that you chose before. If it has slipped your mind, call your clinic; once the time of"
            " this session is over, choose a new phrase and book another session.",
        )


def ensure_tries_left(wrong: int) -> None:
    """Raises ``Conflict`` once every try of this session was used."""
    if wrong >= TRIES:
        raise Conflict(
            f"The phrase was wrong {TRIES} times.",
            help="This session cannot start; your clinic can help. Book another session; if the phrase has slipped your"
            " mind, choose a new one once the time of this session is over.",
        )
