"""The shapes of what audit takes and gives."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from services.audit.domain.mention import ID, REFERENCE
from services.audit.domain.question import PURPOSES, Question
from services.kernel.http.paging import PageQuery, PageRequest
from services.kernel.http.schemas import BaseSchema, InstantField, LocalDateField

_VALUE = "^[!-~]{1,100}$"
_ID = f"^{ID}$"
_REFERENCE = f"^{REFERENCE}$"
_TYPE = "^[a-z]{1,40}\\.[a-z-]{1,80}$"


def value(about: str, pattern: str = _VALUE, **options: Any) -> fields.String:
    """An id, a reference or a code: visible characters of ASCII without blanks."""
    check = validate.Regexp(pattern.removesuffix("$") + r"\Z", error="Send it as it is shown, without blanks.")
    return fields.String(validate=check, metadata={"description": about, "pattern": pattern}, **options)


class TimeField(InstantField):
    """An instant, or a calendar day, which is read in UTC: from its beginning, or until its end (``closing``)."""

    described = {"example": "2026-11-24", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$"}

    def __init__(self, *, closing: bool = False, **options: Any) -> None:
        self._closing = closing
        super().__init__(**options)

    def canonical(self, text: str) -> Any:
        if len(text) != len("2026-11-24"):
            return super().canonical(text)
        try:
            day = date.fromisoformat(LocalDateField().canonical(text)) + timedelta(days=self._closing)
        except OverflowError:
            raise ValidationError("Send a day before the year 9999.") from None
        return super().canonical(f"{day.isoformat()}T00:00:00+00:00")


def _optional(field: type[fields.String], **options: Any) -> Any:
    return field(load_default=None, allow_none=True, **options)


class Asked:
    """The fields of a question; one of reference, session, counselor and client may be named."""

    clinic = value("The clinic; left out, what belongs to no clinic", load_default=None, allow_none=True)
    reference = value("A reference that people quote, such as S-4K7T", _REFERENCE, load_default=None, allow_none=True)
    session = value("A session's id", _ID, load_default=None, allow_none=True)
    counselor = value("A counselor's id", _ID, load_default=None, allow_none=True)
    client = value("A client's id", _ID, load_default=None, allow_none=True)
    actor = value("Who acted, or on whose behalf", load_default=None, allow_none=True)
    type = value("The type of event, such as sessions.session-booked", _TYPE, load_default=None, allow_none=True)
    since = _optional(TimeField, data_key="from")
    until = _optional(TimeField, data_key="to", closing=True)


QUESTION = {name: field for name, field in vars(Asked).items() if isinstance(field, fields.Field)}


def purpose_field(**options: Any) -> fields.String:
    error = f"Choose one of: {', '.join(PURPOSES)}."
    described = {"description": "What it is looked at for"}
    return fields.String(validate=validate.OneOf(PURPOSES, error=error), metadata=described, **options)


def _question(data: dict[str, Any]) -> Question:
    return Question(**{name: data[name] for name in QUESTION})


@dataclass(frozen=True, slots=True)
class TrailRequest:
    """A question, what for, and which page of the answer."""

    question: Question
    purpose: str
    page: PageRequest


class TrailQuery(PageQuery.from_dict(QUESTION)):  # type: ignore[misc]
    """The query parameters of the trail; loads to a ``TrailRequest``."""

    purpose = purpose_field(load_default="review")

    @post_load
    def _page(self, data: dict[str, Any], **_: Any) -> TrailRequest:
        return TrailRequest(_question(data), data["purpose"], PageRequest(data["limit"], data["cursor"]))


class BundleOrder(BaseSchema.from_dict(QUESTION)):  # type: ignore[misc]
    """What is to be exported; loads to a question and a purpose."""

    purpose = purpose_field(required=True)

    @post_load
    def _order(self, data: dict[str, Any], **_: Any) -> tuple[Question, str]:
        return _question(data), data["purpose"]


class EntryQuery(BaseSchema):
    purpose = purpose_field(load_default="review")


class ReferenceSchema(BaseSchema):
    kind = fields.String(metadata={"description": "As what it is named: a role, a field's name, reference"})
    value = fields.String()


class TrailEntrySchema(BaseSchema):
    index = fields.Integer(metadata={"description": "The index of its leaf in the log"})
    id = fields.String()
    type = fields.String()
    time = fields.String()
    clinic = fields.String(allow_none=True)
    actor = fields.String()
    onbehalfof = fields.String(allow_none=True)
    stream = fields.String()
    references = fields.List(fields.Nested(ReferenceSchema), metadata={"description": "Everything that it names"})


class TrailSchema(BaseSchema):
    items = fields.List(fields.Nested(TrailEntrySchema))
    next_cursor = fields.String(allow_none=True)
    size = fields.Integer(
        metadata={"description": "How many leaves the log had; the index of it was asked. An export reads every leaf"}
    )
    known_until = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        metadata={"description": "For each service, up to when everything of it has arrived in the log"},
    )


class LeafSchema(BaseSchema):
    v = fields.Integer()
    service = fields.String()
    incarnation = fields.String()
    lane = fields.Integer()
    sequence = fields.Integer()
    chain = fields.String()
    sha256 = fields.String()


class InclusionSchema(BaseSchema):
    size = fields.Integer(metadata={"description": "The number of leaves under the checkpoint"})
    hashes = fields.List(fields.String(), metadata={"description": "Base64, from the leaf's sibling upwards"})
    checkpoint = fields.String(metadata={"description": "The signed note"})
    proof = fields.String(metadata={"description": "The same as one file (C2SP tlog-proof)"})


class EntrySchema(BaseSchema):
    index = fields.Integer()
    event = fields.Raw(allow_none=True, metadata={"description": "The event as JSON; none where it cannot be read"})
    bytes = fields.String(metadata={"description": "The event's exact bytes in base64"})
    leaf = fields.Nested(LeafSchema)
    leaf_hash = fields.String(metadata={"description": "Base64"})
    inclusion = fields.Nested(
        InclusionSchema, allow_none=True, metadata={"description": "None until a checkpoint holds the entry"}
    )


class StatusSchema(BaseSchema):
    size = fields.Integer()
    checkpoint_size = fields.Integer()
    checkpoint_at = fields.String(allow_none=True)
    verified_size = fields.Integer()
    verified_at = fields.String(
        allow_none=True, metadata={"description": "When all leaves before verified_size were last read and hashed"}
    )
    sound = fields.Boolean(metadata={"description": "False while something is wrong; then nothing is signed"})
