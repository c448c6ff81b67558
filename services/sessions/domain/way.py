"""Way: how the two meet. By phone, the counselor dials the client's number and attests its last digits; else by a
link that was made for this session alone. Neither is told to anybody before the gate has said yes.
"""

from urllib.parse import urlsplit

from services.contracts.vocabulary import Modality
from services.kernel.errors import Conflict, FieldError, Invalid

BY_LINK: tuple[Modality, ...] = ("video", "audio", "chat")
MODALITIES: tuple[Modality, ...] = ("phone", *BY_LINK)  # the ways by which sessions can be held here

DIGITS = 4
LONGEST_LINK = 2000  # characters


def check_digits(number: str | None, last_digits: str) -> str:
    """The number that was dialled, if its last digits are these. Raises ``Conflict`` or ``Invalid``."""
    if number is None:
        raise Conflict("The client has left no phone number.", help="Ask the client to add it to their details.")
    if not number.endswith(last_digits) or len(last_digits) != DIGITS:
        detail = f"Send the last {DIGITS} digits of the number that you dialled; look at it again first."
        errors = (FieldError("/way/phone_last_digits", detail),)
        raise Invalid("These are not the last digits of the client's number.", help=detail, errors=errors)
    return number


def check_link(link: str) -> str:
    """The link, if it is one of the web with encryption, and carries no name or password. Raises ``Invalid``."""
    try:
        parts = urlsplit(link)
        fits = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        fits = False
    if not fits or len(link) > LONGEST_LINK or any(letter.isspace() or not letter.isprintable() for letter in link):
        detail = "Send the whole address of the room, beginning with https://"
        raise Invalid("This is not a link to a room.", help=detail, errors=(FieldError("/way/link", detail),))
    return link
