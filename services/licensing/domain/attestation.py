"""An attestation: a statement that a counselor accepts, in the wording of one version and one language.

A wording that was shown to anybody is never edited: it gets the next version, and the hash of what was accepted stands
in the event.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.contracts.licensing import AttestationAccepted
from services.kernel.errors import Conflict, FieldError, Invalid, NotFound
from services.kernel.events import Entry
from services.kernel.fields import Code, Hash, Language

LANGUAGES = (Language("en"), Language("id"))

Accepted = frozenset[tuple[str, int]]  # (code of the text, version)


@dataclass(frozen=True, slots=True)
class AttestationText:
    """One statement in its current version; ``titles`` and ``texts`` by language."""

    code: Code
    version: int
    titles: Mapping[str, str]
    texts: Mapping[str, str]


def text_hash(text: AttestationText, locale: str) -> Hash:
    """SHA-256 over the wording that a person sees in this language."""
    return Hash(sha256(b"amanah/attestation/v1\n" + text.texts[locale].encode()).hexdigest())


def evolve(state: Accepted, entry: Entry[Any]) -> Accepted:
    """What a counselor has accepted after one more entry of their stream."""
    event = entry.data
    return state | {(event.text, event.version)} if isinstance(event, AttestationAccepted) else state


def check_acceptance(
    texts: Iterable[AttestationText], code: str, version: int, locale: str, accepted: Accepted
) -> AttestationText:
    """The text that is accepted. Raises ``NotFound``; ``Invalid`` for another version or language than is shown;
    ``Conflict`` when it was accepted already."""
    text = next((text for text in texts if text.code == code), None)
    help = "GET /licensing/v1/attestation-texts shows the texts as they are now."
    if text is None:
        raise NotFound("There is no attestation text of this name.", help=help)
    if version != text.version:
        detail = f"The text is now in version {text.version}."
        raise Invalid(detail, help=help, errors=(FieldError("/version", f"{detail} Read it again."),))
    if locale not in text.texts:
        detail = f"The text is there in {' and '.join(text.texts)}."
        raise Invalid(detail, help=help, errors=(FieldError("/locale", detail),))
    if (code, version) in accepted:
        raise Conflict("You have accepted this text already.", help="Nothing is left to do for it.")
    return text
