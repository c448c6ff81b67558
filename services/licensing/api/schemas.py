"""The shapes of licensing's input and answers."""

from typing import Any

from marshmallow import fields, validate

from services.contracts.vocabulary import CredentialKind, Profession, SourceKind, VerificationVerdict, codes
from services.kernel.http.schemas import (
    BaseSchema,
    InstantField,
    LanguageField,
    LocalDateField,
    NameField,
    PlaceField,
    WordsField,
)
from services.licensing.domain.attestation import LANGUAGES

_LONGEST_NUMBER = 200  # bytes
_LONGEST_REMARK = 4000


def _code(vocabulary: object, **options: Any) -> fields.String:
    known = codes(vocabulary)
    return fields.String(validate=validate.OneOf(known, error=f"Send one of: {', '.join(known)}."), **options)


def _whole(**options: Any) -> fields.Integer:
    error = "Send a whole number from 1 up."
    check = validate.Range(1, 1_000_000, error=error)
    return fields.Integer(strict=True, validate=check, error_messages={"invalid": error}, **options)


class AdoptSchema(BaseSchema):
    edition = _whole(required=True, metadata={"description": "As the rule shows it"})
    source_read = fields.String(
        required=True,
        validate=validate.Regexp("^[0-9a-f]{64}$", error="Send the rule's source_hash as it is."),
        metadata={"description": "The source_hash of the rule whose sources were read"},
    )


class RuleSchema(BaseSchema):
    rule = fields.String()
    state = fields.String(
        metadata={
            "description": "published: carried by this release; adopted: it counts; "
            "superseded: another edition was adopted after this one, so it does not count until it is adopted again"
        }
    )
    adopted = fields.Dict(allow_none=True, metadata={"description": "This edition: by, at"})
    source_hash = fields.String(metadata={"description": "Of the source blocks of all versions; sent to adopt it"})
    jurisdiction = fields.String()
    kind = fields.String()
    title = fields.String()
    professions = fields.List(fields.String())
    locus = fields.String()
    zone = fields.String()
    edition = fields.Integer()
    network = fields.Boolean(metadata={"description": "A standard of the network itself, not law"})
    versions = fields.List(fields.Dict(), metadata={"description": "Dated, each with its source"})


class RulesSchema(BaseSchema):
    items = fields.List(fields.Nested(RuleSchema))
    next_cursor = fields.String(allow_none=True)


class ProfileSchema(BaseSchema):
    professions = fields.List(
        _code(Profession), required=True, validate=validate.Length(1, 7, error="Name 1 to 7 professions.")
    )
    languages = fields.List(
        LanguageField(), required=True, validate=validate.Length(1, 20, error="Name 1 to 20 languages.")
    )
    home = PlaceField(required=True, metadata={"description": "Where the counselor lives"})


class KnownProfileSchema(ProfileSchema):
    counselor = fields.String()
    attestations = fields.List(fields.Dict(), metadata={"description": "Accepted statements: text, version"})


class AcceptSchema(BaseSchema):
    text = fields.String(required=True, validate=validate.Length(1, 100, error="Send the name of a text."))
    version = _whole(required=True)
    locale = LanguageField(required=True)


class AttestationTextSchema(BaseSchema):
    text = fields.String()
    version = fields.Integer()
    titles = fields.Dict(metadata={"description": f"By language: {', '.join(LANGUAGES)}"})
    texts = fields.Dict()
    hashes = fields.Dict()


class AttestationTextsSchema(BaseSchema):
    items = fields.List(fields.Nested(AttestationTextSchema))


class RecordCredentialSchema(BaseSchema):
    kind = _code(CredentialKind, required=True)
    profession = _code(Profession, required=True)
    issuer = NameField(required=True)
    jurisdiction = PlaceField(required=True, metadata={"description": "Whose authority issued it"})
    since = LocalDateField(required=True)
    until = LocalDateField(load_default=None, allow_none=True, metadata={"description": "Its last day, as printed"})
    source = _code(SourceKind, load_default="self_stated")
    number = WordsField(max_bytes=_LONGEST_NUMBER, required=True)


class CredentialSummarySchema(BaseSchema):
    credential = fields.String()
    kind = fields.String()
    profession = fields.String()
    issuer = fields.String()
    jurisdiction = fields.String()
    since = fields.String()
    until = fields.String(allow_none=True)
    recorded_at = fields.String()


class OwnCredentialSchema(CredentialSummarySchema):
    state = fields.Dict(metadata={"description": "status, counts, code, sentence, mender"})


class OwnCredentialsSchema(BaseSchema):
    items = fields.List(fields.Nested(OwnCredentialSchema))
    next_cursor = fields.String(allow_none=True)


class WaitingSchema(CredentialSummarySchema):
    counselor = fields.String()
    name = fields.String(allow_none=True)
    verdict = fields.String(allow_none=True, metadata={"description": "Of the newest look"})
    valid_until = fields.String(allow_none=True)


class VerificationsDueSchema(BaseSchema):
    items = fields.List(fields.Nested(WaitingSchema))
    next_cursor = fields.String(allow_none=True)


class CredentialSchema(OwnCredentialSchema):
    counselor = fields.String()
    name = fields.String(allow_none=True)
    recorded_by = fields.String()
    number = fields.String(allow_none=True)
    evidence = fields.List(fields.Dict(), metadata={"description": "evidence, media_type, size, attached_at"})
    verifications = fields.List(fields.Dict(), metadata={"description": "What was found, oldest first"})


class RecordVerificationSchema(BaseSchema):
    verdict = _code(VerificationVerdict, required=True)
    source = NameField(required=True, metadata={"description": "The register or document that was looked in"})
    looked_at = InstantField(required=True)
    valid_until = InstantField(required=True, metadata={"description": "When it has to be looked up again"})
    remark = WordsField(max_bytes=_LONGEST_REMARK, load_default=None, allow_none=True)


class CoverageQuery(BaseSchema):
    place = PlaceField(load_default=None)


class PlaceCoverageSchema(BaseSchema):
    place = fields.String()
    profession = fields.String(allow_none=True)
    verdict = fields.String()
    sentence = fields.Dict()
    routes = fields.List(fields.Dict(), metadata={"description": "Open ways, with conditions, obligations and sources"})
    in_doubt = fields.List(fields.Dict(), metadata={"description": "Ways that may be open, with their doubts"})
    blocked = fields.List(fields.Dict(), metadata={"description": "Shut ways, with every reason and who can mend it"})
    reasons = fields.List(fields.Dict(), metadata={"description": "Why the verdict is not permitted"})
    next_change = fields.String(allow_none=True, metadata={"description": "When the verdict changes by time alone"})
    ask = fields.Dict(allow_none=True, metadata={"description": "Where it is not known: whom to ask"})


class CoverageSchema(BaseSchema):
    counselor = fields.String()
    at = fields.String()
    items = fields.List(fields.Nested(PlaceCoverageSchema))
