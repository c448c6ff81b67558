"""Consent: what a client agrees to, item by item, each in a text of one version and language.

The texts are files (``services/sessions/consent``); what stands in an event is item, version, language and the hash of
the very text that was shown. A new version of a text takes the old consents out of force. *Required* items must be in
force to book and to start; the others are asked for where a rule of the client's place wants them (``kind``).
Source: ACA Code of Ethics (2014) H.2.a-c; NBCC distance standards; the rules' own consent kinds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from services.contracts.practice import Consent
from services.contracts.vocabulary import ConsentKind
from services.kernel.errors import Conflict, Invalid, NotFound
from services.kernel.fields import Hash, Language


@dataclass(frozen=True, slots=True)
class Item:
    """One consent item in its current version; ``texts`` by language, ``kind``: the consent of a rule that it gives."""

    code: str
    version: int
    required: bool
    kind: ConsentKind | None
    titles: Mapping[str, str]
    texts: Mapping[str, str]

    def text_hash(self, locale: str) -> Hash:
        """SHA-256, in hexadecimal, of the text in this language (UTF-8)."""
        return Hash(sha256(self.texts[locale].encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Given:
    """What the client last said to an item: in which version they agreed, or that they withdrew."""

    version: int
    locale: Language
    withdrawn: bool = False


Answers = Mapping[str, Given]


def in_force(item: Item, answers: Answers) -> bool:
    """Whether the client agrees, now, to the current text."""
    given = answers.get(item.code)
    return given is not None and not given.withdrawn and given.version == item.version


def missing(items: Iterable[Item], answers: Answers) -> tuple[str, ...]:
    """The codes of the required items that are not in force."""
    return tuple(item.code for item in items if item.required and not in_force(item, answers))


def for_rules(items: Iterable[Item], answers: Answers) -> tuple[Consent, ...]:
    """The client's answers as rules ask for them: yes in force, no after a withdrawal; never asked is left out."""
    found = []
    for item in items:
        if item.kind is None or item.code not in answers:
            continue
        if in_force(item, answers):
            found.append(Consent(item.kind, True))
        elif answers[item.code].withdrawn:
            found.append(Consent(item.kind, False))
    return tuple(found)


def find_item(items: Iterable[Item], code: str) -> Item:
    """The item of this code. Raises ``NotFound``."""
    found = next((item for item in items if item.code == code), None)
    if found is None:
        raise NotFound("There is no consent item of this code.", help="The items are listed at /consent-items.")
    return found


def ensure_shown(item: Item, version: int, locale: str) -> None:
    """Raises unless this version in this language is what a person is shown today."""
    if version != item.version:
        raise Conflict(
            f"This text has changed: its version is {item.version} now.", help="Read the new text, then answer it."
        )
    if locale not in item.texts:
        raise Invalid(
            "This text is not there in that language.", help=f"Choose one of: {', '.join(sorted(item.texts))}."
        )
