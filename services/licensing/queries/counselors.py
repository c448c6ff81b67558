"""What a counselor has said of themselves."""

from dataclasses import dataclass
from typing import Any

from services.kernel.errors import NotFound
from services.kernel.work import Work
from services.licensing import streams
from services.licensing.domain.attestation import AttestationText, text_hash
from services.licensing.lookups import load_accepted, load_profile


@dataclass(frozen=True, slots=True)
class Versioned:
    """An answer and the version of the stream that it shows."""

    body: dict[str, Any]
    version: int


def read_profile(work: Work, counselor: str) -> Versioned:
    """The profile with the statements accepted so far. Raises ``NotFound`` before the first."""
    profile = load_profile(work, counselor)
    if profile is None:
        raise NotFound("You have recorded no profile yet.", help='PUT it with If-Match: "0".')
    accepted = sorted(load_accepted(work, counselor))
    body = {
        "counselor": profile.counselor,
        "professions": list(profile.professions),
        "languages": list(profile.languages),
        "home": profile.homes[-1].place,
        "attestations": [{"text": text, "version": version} for text, version in accepted],
    }
    return Versioned(body, work.version(streams.profile(counselor)))


def show_text(text: AttestationText) -> dict[str, Any]:
    """A statement in every language, each wording with its hash."""
    return {
        "text": text.code,
        "version": text.version,
        "titles": dict(text.titles),
        "texts": dict(text.texts),
        "hashes": {locale: text_hash(text, locale) for locale in text.texts},
    }
