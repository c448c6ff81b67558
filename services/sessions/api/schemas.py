"""The shapes of what sessions takes and gives."""

from typing import Any

from marshmallow import fields, validate

from services.contracts.sessions import Absent
from services.contracts.vocabulary import Modality, Outcome, codes
from services.kernel.http.schemas import (
    BaseSchema,
    InstantField,
    LanguageField,
    LocalDateField,
    NameField,
    PhoneField,
    PlaceField,
    WordsField,
    ZoneField,
)
from services.sessions.domain import note, reading, session
from services.sessions.domain.way import MODALITIES

ID = "[0-9A-Za-z-]{1,64}"  # what an id of ours can be
_LONGEST_LINE = 500  # bytes of a contact, a phrase or a short word of explanation


def choice(allowed: tuple[str, ...], **options: Any) -> fields.String:
    """One code of a closed list."""
    error = f"Choose one of: {', '.join(allowed)}."
    return fields.String(validate=validate.OneOf(allowed, error=error), **options)


def whole(low: int, high: int, **options: Any) -> fields.Integer:
    error = f"Send a whole number from {low} to {high}."
    return fields.Integer(strict=True, validate=validate.Range(low, high, error=error), **options)


def an_id(**options: Any) -> fields.String:
    error = "Send an id as you were given it."
    return fields.String(validate=validate.Regexp(rf"{ID}\Z", error=error), **options)


class AvailabilitySchema(BaseSchema):
    """Weekly hours on the wall clock of ``zone``; ``since`` and ``until`` are days, the second no longer open."""

    zone = ZoneField(required=True)
    weekly = fields.List(fields.String(), required=True, validate=validate.Length(max=70))
    minutes = whole(15, 180, load_default=50)
    notice_minutes = whole(0, 43_200, load_default=0)
    modalities = fields.List(choice(MODALITIES), required=True, validate=validate.Length(min=1, max=8))
    since = LocalDateField(load_default=None, allow_none=True)
    until = LocalDateField(load_default=None, allow_none=True)


class ExceptionSchema(BaseSchema):
    hours = fields.List(fields.String(), required=True, validate=validate.Length(max=10))


class DayHoursSchema(BaseSchema):
    day = fields.String()
    hours = fields.List(fields.String())


class AvailabilityAnswer(BaseSchema):
    counselor = fields.String()
    zone = fields.String()
    weekly = fields.List(fields.String())
    minutes = fields.Integer()
    notice_minutes = fields.Integer()
    modalities = fields.List(fields.String())
    since = fields.String()
    until = fields.String(allow_none=True)
    exceptions = fields.List(fields.Nested(DayHoursSchema))


class DetailsSchema(BaseSchema):
    """New details; what is left out stays."""

    jurisdiction = PlaceField()
    name = NameField()
    birth_date = LocalDateField()
    city = NameField()
    zone = ZoneField()
    language = LanguageField()
    phone = PhoneField()
    emergency_contact = WordsField(_LONGEST_LINE)
    phrase = WordsField(_LONGEST_LINE)


class IntakeSchema(BaseSchema):
    """The intake. ``phrase`` proves who the client is before each session."""

    jurisdiction = PlaceField(required=True)
    name = NameField(required=True)
    birth_date = LocalDateField(required=True)
    city = NameField()
    zone = ZoneField(required=True)
    language = LanguageField(required=True)
    phone = PhoneField()
    emergency_contact = WordsField(_LONGEST_LINE, required=True)
    phrase = WordsField(_LONGEST_LINE, required=True)


class DetailsAnswer(BaseSchema):
    """A detail is none where it was never given, or was erased."""

    client = fields.String()
    clinic = fields.String()
    reference = fields.String()
    jurisdiction = fields.String()
    name = fields.String(allow_none=True)
    birth_date = fields.String(allow_none=True)
    city = fields.String(allow_none=True)
    zone = fields.String(allow_none=True)
    language = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    emergency_contact = fields.String(allow_none=True)
    fallback_number = fields.String(allow_none=True)
    emergency_plan = fields.String(allow_none=True)
    erased = fields.Boolean()


class ConsentItemSchema(BaseSchema):
    code = fields.String()
    version = fields.Integer()
    required = fields.Boolean()
    title = fields.Dict(keys=fields.String(), values=fields.String())
    text = fields.Dict(keys=fields.String(), values=fields.String())


class ConsentItemsAnswer(BaseSchema):
    items = fields.List(fields.Nested(ConsentItemSchema))


class ClinicQuery(BaseSchema):
    clinic = an_id(load_default=None, metadata={"description": "The texts are the same in all clinics today"})


class GiveConsentSchema(BaseSchema):
    item = fields.String(required=True, validate=validate.Length(1, 64))
    version = whole(1, 1_000_000, required=True)
    locale = LanguageField(required=True)


class ConsentSchema(BaseSchema):
    item = fields.String()
    version = fields.Integer()
    locale = fields.String()
    given = fields.String()
    withdrawn = fields.String(allow_none=True)
    in_force = fields.Boolean()


class ConsentsAnswer(BaseSchema):
    items = fields.List(fields.Nested(ConsentSchema))
    missing = fields.List(fields.String(), metadata={"description": "Required items that are not in force"})


class FallbackSchema(BaseSchema):
    modality = choice(codes(Modality), required=True)
    number = PhoneField(required=True)


class OffersQuery(BaseSchema):
    modality = choice(MODALITIES, required=True)
    since = InstantField(data_key="from", load_default=None)
    until = InstantField(data_key="to", load_default=None)


class ReasonSchema(BaseSchema):
    code = fields.String()
    sentence = fields.String()
    about = fields.String()
    mender = fields.String()


class DecisionSchema(BaseSchema):
    verdict = fields.String()
    reasons = fields.List(fields.Nested(ReasonSchema))
    obligations = fields.List(fields.String())
    next_change_at = fields.String(allow_none=True)


class OfferSchema(BaseSchema):
    counselor = fields.String()
    name = fields.String()
    languages = fields.List(fields.String())
    next_times = fields.List(fields.String())
    minutes = fields.Integer()
    decision = fields.Nested(DecisionSchema)


class NotOfferedSchema(BaseSchema):
    counselor = fields.String()
    name = fields.String()
    reason = fields.String()
    sentence = fields.String()
    next_step = fields.String()


class HelpWaySchema(BaseSchema):
    channel = fields.String()
    value = fields.String(metadata={"description": "A number (`119 ext. 8`: with what to press then), or an address"})


class HelpLineSchema(BaseSchema):
    """A line of help, and what to know before one relies on it."""

    name = fields.String()
    kind = fields.String()
    place = fields.String()
    ways = fields.List(fields.Nested(HelpWaySchema))
    open = fields.Boolean(allow_none=True, metadata={"description": "Whether somebody answers now; null: not known"})
    opens = fields.String(allow_none=True, metadata={"description": "Where nobody answers now: from when on"})
    caution = fields.String(allow_none=True)
    reviewed_on = fields.String()
    stale = fields.Boolean(metadata={"description": "Past its review: it may have changed"})


class OffersAnswer(BaseSchema):
    offered = fields.List(fields.Nested(OfferSchema))
    not_offered = fields.List(fields.Nested(NotOfferedSchema))
    help_lines = fields.List(fields.Nested(HelpLineSchema))


class BookSchema(BaseSchema):
    client = an_id(required=True)
    counselor = an_id(required=True)
    start = InstantField(required=True)
    modality = choice(MODALITIES, required=True)


class DecisionRefSchema(BaseSchema):
    verdict = fields.String()
    clearance = fields.String()
    revision = fields.Integer()
    codes = fields.List(fields.String())
    inputs_hash = fields.String()


class SessionSchema(BaseSchema):
    """A session without a word of the client. Times are UTC; ``zone`` is the counselor's."""

    session = fields.String()
    reference = fields.String()
    clinic = fields.String()
    client = fields.String()
    client_reference = fields.String()
    counselor = fields.String()
    counselor_name = fields.String()
    start = fields.String()
    ends = fields.String()
    opens = fields.String(metadata={"description": "From then on it can be prepared and started"})
    minutes = fields.Integer()
    zone = fields.String()
    modality = fields.String()
    place = fields.String()
    place_attested = fields.Boolean()
    stage = fields.String()
    decision = fields.Nested(DecisionRefSchema)
    started_at = fields.String(allow_none=True)
    ended_at = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)
    absent = fields.String(allow_none=True)
    cancelled_by = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


class SessionsAnswer(BaseSchema):
    items = fields.List(fields.Nested(SessionSchema))
    next_cursor = fields.String(allow_none=True)


class CancelSchema(BaseSchema):
    reason = choice(session.CANCEL_REASONS, required=True)
    words = WordsField(4096, load_default=None)


class PlaceSchema(BaseSchema):
    """``emergency_contact``: whom to call there, where that is somebody else than in the emergency plan."""

    jurisdiction = PlaceField(required=True)
    city = NameField(load_default=None)
    emergency_contact = WordsField(_LONGEST_LINE, load_default=None)


class PhraseSchema(BaseSchema):
    phrase = WordsField(_LONGEST_LINE, required=True)


class CheckedSchema(BaseSchema):
    matched = fields.Boolean()
    tries_left = fields.Integer()


class ReadinessSchema(BaseSchema):
    items = fields.List(fields.String(validate=validate.Length(1, 64)), required=True, validate=validate.Length(max=20))


class GateItemSchema(BaseSchema):
    item = fields.String()
    verdict = fields.String()
    reasons = fields.List(fields.Nested(ReasonSchema))


class GateAnswer(BaseSchema):
    """May this session start now, item by item, all reasons at once; and who helps where the client is, open or not."""

    session = fields.String()
    at = fields.String()
    open = fields.Boolean()
    opens = fields.String()
    closes = fields.String()
    timing = fields.List(fields.Nested(ReasonSchema))
    items = fields.List(fields.Nested(GateItemSchema))
    decision = fields.Nested(DecisionSchema, allow_none=True)
    readiness_items = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))
    help_lines = fields.List(fields.Nested(HelpLineSchema))


class WayInput(BaseSchema):
    phone_last_digits = fields.String(validate=validate.Regexp(r"[0-9]{4}\Z", error="Send four digits."))
    link = fields.String(validate=validate.Length(1, 2000))


class StartSchema(BaseSchema):
    way = fields.Nested(WayInput, required=True)


class WayAnswer(BaseSchema):
    modality = fields.String()
    number = fields.String(allow_none=True)
    link = fields.String(allow_none=True)


class NoteSchema(BaseSchema):
    text = WordsField(note.LONGEST, required=True)


class EndSchema(BaseSchema):
    outcome = choice(codes(Outcome), required=True)
    reason = choice(session.END_REASONS, load_default="not_stated")
    summary = WordsField(load_default=None, max_bytes=16_384)


class AbsenceSchema(BaseSchema):
    absent = choice(codes(Absent), required=True)
    words = WordsField(4096, load_default=None)


class PurposeQuery(BaseSchema):
    purpose = choice(reading.PURPOSES, required=True)


class NoteAnswer(BaseSchema):
    note = fields.String()
    session = fields.String()
    author = fields.String()
    signed = fields.String()
    text = fields.String(allow_none=True)


class HeldSchema(SessionSchema):
    """A session with what was written about how it went: its summary, or why it did not take place."""

    words = fields.String(allow_none=True)


class RecordAnswer(BaseSchema):
    """A client's record. What was erased is none, and ``erased`` says so."""

    client = fields.String()
    reference = fields.String()
    erased = fields.Boolean()
    jurisdiction = fields.String()
    details = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True))
    notes = fields.List(fields.Nested(NoteAnswer))
    sessions = fields.List(fields.Nested(HeldSchema))


class LookSchema(BaseSchema):
    reader = fields.String()
    name = fields.String(allow_none=True)
    role = fields.String()
    purpose = fields.String()
    items = fields.List(fields.String())
    time = fields.String()


class LooksAnswer(BaseSchema):
    items = fields.List(fields.Nested(LookSchema))
    next_cursor = fields.String(allow_none=True)
