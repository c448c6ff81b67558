"""What counselors say of themselves: their profile, and the statements that they accept."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.licensing import AttestationAccepted, ProfileRecorded
from services.contracts.vocabulary import Profession
from services.kernel.fields import Code, Language, Place
from services.kernel.work import Work
from services.licensing import streams
from services.licensing.commands.due import mark_due
from services.licensing.domain.attestation import AttestationText, check_acceptance, text_hash
from services.licensing.domain.jurisdiction import zone_of
from services.licensing.lookups import actor, load_accepted


@dataclass(frozen=True, slots=True)
class RecordProfile:
    professions: tuple[Profession, ...]
    languages: tuple[Language, ...]
    home: Place


@dataclass(frozen=True, slots=True)
class AcceptAttestation:
    text: Code
    version: int
    locale: Language


def record_profile(work: Work, order: RecordProfile) -> int:
    """Record the profile anew; its version. Raises ``Invalid`` for a home without a known zone."""
    counselor = actor(work)
    stream = streams.profile(counselor)
    work.entries(stream)
    work.expect(stream)
    zone_of(order.home)
    profile = ProfileRecorded(
        counselor=counselor, professions=order.professions, languages=order.languages, home=order.home
    )
    work.append(stream, profile)
    mark_due(work, counselor)
    return work.version(stream)


def accept_attestation(work: Work, order: AcceptAttestation, texts: Iterable[AttestationText]) -> Code:
    """Accept a statement in the wording shown. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    counselor = actor(work)
    accepted = load_accepted(work, counselor)
    text = check_acceptance(texts, order.text, order.version, order.locale, accepted)
    event = AttestationAccepted(
        counselor=counselor,
        text=text.code,
        version=text.version,
        locale=order.locale,
        text_hash=text_hash(text, order.locale),
    )
    work.append(streams.attestations(counselor), event)
    return text.code
