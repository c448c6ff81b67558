"""What a password must be: long, and not one that everybody tries. No rule asks for kinds of characters.

NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where it is the only factor, at least 64 allowed, compared whole,
no composition rules, no expiry, refused when it is among those commonly used or made of the context (the service, the
person's own address). Text is brought to Unicode form NFC, so that every keyboard types the same password.
"""

import unicodedata

from services.kernel.errors import FieldError, Invalid

SHORTEST = 15  # characters
LONGEST = 256  # characters; a bound for the work of hashing, far above the 64 that must be allowed

# Passwords of 15 and more characters that lead the lists of leaked ones, and what anybody would try here first.
BLOCKED = frozenset(
    {
        "123456789012345",
        "1234567890123456",
        "12345678901234567890",
        "qwertyuiopasdfghjkl",
        "qwertyuiopasdfghjklzxcvbnm",
        "1qaz2wsx3edc4rfv",
        "passwordpassword",
        "password123456789",
        "correcthorsebatterystaple",
        "correct horse battery staple",
        "iloveyouiloveyou",
        "counselingonline",
        "counselling online",
        "amanahamanahamanah",
        "konselingonline",
    }
)


def canonical(password: str) -> str:
    """The one spelling of a password."""
    return unicodedata.normalize("NFC", password)


def check(password: str, email: str | None = None) -> str:
    """The canonical password. Raises ``Invalid`` with what to choose instead.

    ``email`` is the person's own address, where it is known.
    """
    text = canonical(password)
    plain = text.casefold()
    if len(text) < SHORTEST:
        raise _refused(f"This password has {len(text)} characters.", f"Choose one with {SHORTEST} or more; a sentence.")
    if len(text) > LONGEST:
        raise _refused("This password is very long.", f"Choose one with at most {LONGEST} characters.")
    if plain in BLOCKED or len(set(plain)) < 5:
        raise _refused("This password is among the first that are tried.", "Choose a sentence that only you would say.")
    if email is not None and (email.casefold() in plain or plain in email.casefold()):
        raise _refused("This password is made of your e-mail address.", "Choose a sentence that only you would say.")
    return text


def _refused(detail: str, help: str) -> Invalid:
    return Invalid(detail, help=help, errors=(FieldError("/password", f"{detail} {help}"),))
