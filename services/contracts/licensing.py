"""Events of licensing: rules and their adoption, credentials and their verification, clearances."""

from typing import Annotated, Any

from services.contracts.common import ErasureAnswer, Refusal
from services.contracts.practice import Clearance, PlaceRules
from services.contracts.vocabulary import CredentialKind, Profession, SourceKind, VerificationVerdict
from services.kernel.events import event, upcast
from services.kernel.fields import (
    Code,
    Counselor,
    Hash,
    Id,
    Language,
    Name,
    Person,
    PersonId,
    Place,
    Reader,
    Seal,
    Sealed,
    Verifier,
)
from services.kernel.time import Instant, LocalDate

AdoptedBy = Annotated[PersonId, Person("adopted by")]
RecordedBy = Annotated[PersonId, Person("recorder")]
Held = Annotated[Sealed, Seal("counselor", "credential")]


@event("licensing.ruleset-published", public=True)
class RulesetPublished:
    """The rules that this release carries. They count only once adopted."""

    ruleset_hash: Hash
    rules: tuple[Id, ...]
    editions: tuple[int, ...]


@event("licensing.rule-adopted", public=True)
class RuleAdopted:
    """From now on this edition of the rule counts in the network; ``source_read`` is the hash of the source block that
    the person read."""

    rule: Id
    edition: int
    ruleset_hash: Hash
    adopted_by: AdoptedBy
    source_read: Hash


@event("licensing.place-rules-published", public=True)
class PlaceRulesPublished:
    revision: int
    rules: PlaceRules
    ruleset_hash: Hash


@event("licensing.profile-recorded", public=True)
class ProfileRecorded:
    counselor: Counselor
    professions: tuple[Profession, ...]
    languages: tuple[Language, ...]
    home: Place


@event("licensing.credential-recorded", version=2)
class CredentialRecorded:
    """Version 2 says who recorded it; version 1 knew the counselor only."""

    credential: Id
    counselor: Counselor
    recorded_by: RecordedBy
    kind: CredentialKind
    profession: Profession
    issuer: Name
    jurisdiction: Place
    since: LocalDate
    until: LocalDate | None
    source: SourceKind
    number: Held


@upcast("licensing.credential-recorded", since=1)
def _recorded_by_the_counselor(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"recorded_by": data["counselor"]}


@event("licensing.evidence-attached")
class EvidenceAttached:
    credential: Id
    counselor: Counselor
    evidence: Id
    media_type: Code
    size: int
    file: Annotated[Sealed, Seal("counselor", "evidence")]


@event("licensing.attestation-accepted")
class AttestationAccepted:
    counselor: Counselor
    text: Code
    version: int
    locale: Language
    text_hash: Hash


@event("licensing.verification-recorded")
class VerificationRecorded:
    credential: Id
    counselor: Counselor
    verifier: Verifier
    verdict: VerificationVerdict
    source: Name
    looked_at: Instant
    valid_until: Instant
    remark: Held | None


@event("licensing.clearance-published", public=True)
class ClearancePublished:
    counselor: Counselor
    clearance: Clearance


@event("licensing.evidence-read")
class EvidenceRead:
    reader: Reader
    role: Code
    purpose: Code
    counselors: tuple[Counselor, ...]
    items: tuple[Code, ...]
    count: int


@event("licensing.register-read")
class RegisterRead:
    reader: Reader
    role: Code
    purpose: Code
    counselors: tuple[Counselor, ...]
    count: int


@event("licensing.erasure-answered", public=True)
class LicensingErasureAnswered:
    answer: ErasureAnswer


@event("licensing.operation-refused")
class LicensingOperationRefused:
    refusal: Refusal
