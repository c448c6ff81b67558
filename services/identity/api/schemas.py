"""The shapes of identity's input and answers."""

from typing import Any

from marshmallow import fields, validate

from services.contracts.vocabulary import Role, codes
from services.identity.domain.erasure import HOLD_BASES
from services.identity.domain.membership import CLINIC_ROLES, NETWORK_ROLES
from services.kernel.http.schemas import (
    BaseSchema,
    EmailField,
    InstantField,
    LanguageField,
    NameField,
    PlaceField,
    WordsField,
    ZoneField,
)

_LONGEST_PASSWORD = 1024  # characters that are read at all; how long one may be is the domain's to say
_LONGEST_TOKEN = 200

LONGEST_WAIT_DAYS = 365
LONGEST_FLOOR_YEARS = 100


_Says = dict[str, str | list[Any] | dict[Any, Any]]  # as marshmallow has it

_SAYS: _Says = {"required": "Fill in this field.", "null": "Fill in this field.", "invalid": "Send text."}
_SAYS_OF_LIST: _Says = _SAYS | {"invalid": "Send a list, also of one."}
_ROLES = ", ".join(dict.fromkeys((*CLINIC_ROLES, *NETWORK_ROLES)))


def _clinic(**options: Any) -> fields.String:
    return fields.String(error_messages=_SAYS | {"invalid": "Send the id of a clinic as text."}, **options)


def _password() -> fields.String:
    return fields.String(
        required=True,
        error_messages=_SAYS,
        validate=validate.Length(1, _LONGEST_PASSWORD, error="Send a password of 15 to 256 characters."),
        metadata={"format": "password", "description": "15 to 256 characters; a sentence is best"},
    )


def _token() -> fields.String:
    return fields.String(
        required=True,
        error_messages=_SAYS,
        validate=validate.Length(1, _LONGEST_TOKEN, error="Send the token from the link as it is."),
        metadata={"description": "The token of the link, as it stands in the letter"},
    )


def _languages() -> fields.List[str]:
    return fields.List(
        LanguageField(),
        required=True,
        error_messages=_SAYS_OF_LIST,
        validate=validate.Length(1, 20, error="Name 1 to 20 languages, the most used first."),
    )


def _count(most: int, what: str) -> fields.Integer:
    error = f"Send a whole number from 0 to {most}."
    return fields.Integer(
        strict=True,
        required=True,
        validate=validate.Range(0, most, error=error),
        error_messages=_SAYS | {"invalid": error},
        metadata={"description": what},
    )


class FoundNetworkSchema(BaseSchema):
    token = _token()
    name = NameField(required=True)
    languages = _languages()
    email = EmailField(required=True)
    password = _password()
    professional_name = NameField(required=True)
    locale = LanguageField(required=True)
    zone = ZoneField(required=True)


class NetworkSchema(BaseSchema):
    founded = fields.Boolean()
    name = fields.String(allow_none=True)
    languages = fields.List(fields.String())
    clinics = fields.Integer()
    counselors = fields.Integer()


class ClinicSettingsSchema(BaseSchema):
    name = NameField(required=True)
    zone = ZoneField(required=True)
    languages = _languages()
    erasure_wait_days = _count(LONGEST_WAIT_DAYS, "Days from a client's wish to be erased to the order")
    retention_floor_years = _count(LONGEST_FLOOR_YEARS, "The clinic's own floor; a place's law may ask for more")


class FoundClinicSchema(ClinicSettingsSchema):
    jurisdiction = PlaceField(required=True)


class ClinicSchema(BaseSchema):
    clinic = fields.String()
    name = fields.String()
    jurisdiction = fields.String()
    zone = fields.String()
    languages = fields.List(fields.String())
    erasure_wait_days = fields.Integer()
    retention_floor_years = fields.Integer()
    opened = fields.Boolean(metadata={"description": "Whether its key exists, so that clients can be enrolled"})


class ClinicsSchema(BaseSchema):
    items = fields.List(fields.Nested(ClinicSchema))
    next_cursor = fields.String(allow_none=True)


class SignInSchema(BaseSchema):
    email = EmailField(required=True)
    password = _password()


class MembershipSchema(BaseSchema):
    clinic = fields.String(allow_none=True)
    client = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)
    roles = fields.List(fields.String())


class SignedInSchema(BaseSchema):
    token = fields.String()
    expires = fields.String()
    sid = fields.String()
    account = fields.String()
    memberships = fields.List(fields.Nested(MembershipSchema))
    network_roles = fields.List(fields.String())


class MeSchema(BaseSchema):
    account = fields.String()
    email = fields.String(allow_none=True)
    professional_names = fields.List(fields.String())
    locale = fields.String()
    zone = fields.String()
    memberships = fields.List(fields.Nested(MembershipSchema))
    network_roles = fields.List(fields.String())


class InviteSchema(BaseSchema):
    clinic = _clinic(load_default=None, allow_none=True, metadata={"description": "None for the network"})
    roles = fields.List(
        fields.String(
            validate=validate.OneOf(codes(Role), error=f"There is no role of this name. Send one of: {_ROLES}."),
            error_messages=_SAYS,
        ),
        required=True,
        error_messages=_SAYS_OF_LIST,
        validate=validate.Length(1, 8, error="Name at least one role."),
    )
    email = EmailField(required=True)


class AcceptSchema(BaseSchema):
    token = _token()
    password = _password()
    professional_name = NameField(required=True)
    locale = LanguageField(required=True)
    zone = ZoneField(required=True)


class InvitationSchema(BaseSchema):
    invitation = fields.String()
    clinic = fields.String(allow_none=True)
    roles = fields.List(fields.String())
    state = fields.String()
    expires = fields.String()
    inviter = fields.String()


class InvitationsSchema(BaseSchema):
    items = fields.List(fields.Nested(InvitationSchema))
    next_cursor = fields.String(allow_none=True)


class HeldRoleSchema(BaseSchema):
    membership = fields.String()
    role = fields.String()
    since = fields.String()
    until = fields.String(allow_none=True)


class PersonSchema(BaseSchema):
    account = fields.String()
    name = fields.String()
    memberships = fields.List(fields.Nested(HeldRoleSchema))


class PeopleSchema(BaseSchema):
    items = fields.List(fields.Nested(PersonSchema))


class RegisterSchema(BaseSchema):
    clinic = _clinic(required=True)
    email = EmailField(required=True)
    password = _password()


class TokenSchema(BaseSchema):
    token = _token()


class AskResetSchema(BaseSchema):
    email = EmailField(required=True)


class ResetSchema(BaseSchema):
    token = _token()
    password = _password()


class HoldSchema(BaseSchema):
    basis = fields.String(
        required=True,
        error_messages=_SAYS,
        validate=validate.OneOf(HOLD_BASES, error=f"Send one of: {', '.join(HOLD_BASES)}."),
    )
    reason = WordsField(4096, required=True)


class ErasureAnswerSchema(BaseSchema):
    service = fields.String()
    kind = fields.String()
    until = InstantField(allow_none=True)
    basis = fields.String(allow_none=True)
    values = fields.Integer()


class ErasureSchema(BaseSchema):
    erasure = fields.String()
    state = fields.String()
    asked = fields.String()
    not_before = fields.String()
    ordered = fields.String(allow_none=True)
    completed = fields.String(allow_none=True)
    answers = fields.List(fields.Nested(ErasureAnswerSchema))


class StandingHoldSchema(BaseSchema):
    hold = fields.String()
    basis = fields.String()
    placed = fields.String()


class ErasuresSchema(BaseSchema):
    items = fields.List(fields.Nested(ErasureSchema))
    holds = fields.List(fields.Nested(StandingHoldSchema))
