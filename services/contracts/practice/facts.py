"""What sessions knows of the single contact when it asks `judge`. None always means: not known.

The facts are about a client, so they are sealed wherever they are kept. `salt` (32 random bytes in hexadecimal) is
sealed with them: the hash of a decision's inputs stands in clear, and must not let anybody guess a birth date.
"""

from dataclasses import dataclass

from services.contracts.vocabulary import Act, AttestationKind, ConsentKind, Modality
from services.kernel.fields import PersonId, Place
from services.kernel.time import Instant, LocalDate


@dataclass(frozen=True, slots=True)
class Contact:
    """Another contact that counts: when it begins, between whom. The one that is being judged is left out."""

    at: Instant
    counselor: PersonId
    client: PersonId


@dataclass(frozen=True, slots=True)
class Consent:
    """The client's answer to a consent kind that a rule asks for."""

    kind: ConsentKind
    given: bool


@dataclass(frozen=True, slots=True)
class Attestation:
    """A dated statement of counselor or client that a rule asks for, reduced to yes or no."""

    kind: AttestationKind
    true: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """One contact between this counselor and this client.

    `client_place` is where the client is at the time of the contact (ISO 3166-1 or -2), not where they live.
    `guardian` tells whether a verified guardian has consented. `contacts` are all others in this place that count:
    when booking, every one booked or held; when starting, those that began before. A consent or attestation that is
    absent is unknown, not refused.
    """

    counselor: PersonId
    client: PersonId
    salt: str
    client_place: Place | None = None
    counselor_place: Place | None = None
    modality: Modality | None = None
    act: Act | None = None
    client_birth_date: LocalDate | None = None
    guardian: bool | None = None
    existing_client: bool | None = None
    contacts: tuple[Contact, ...] | None = None
    consents: tuple[Consent, ...] = ()
    attestations: tuple[Attestation, ...] = ()
