"""The shapes of input that all services share, as marshmallow fields.

Each field accepts one kind of text and makes it canonical, so that the domain never sees two spellings of one thing.
Every error sentence says what to do. Sources: ISO 8601, ISO 3166-1/-2 (place), IANA time zones, BCP 47 (language),
E.164 (phone), RFC 5321 (lengths of e-mail addresses), Unicode normal form C.
"""

import re
import unicodedata
from abc import ABC, abstractmethod
from datetime import date
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields

from services.kernel.errors import Invalid
from services.kernel.fields import Language, Place
from services.kernel.time import Instant, LocalDate, Zone, is_zone, parse_instant

_PLACE = "[A-Z]{2}(-[A-Z0-9]{1,3})?"
_LANGUAGE = "[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?"


class BaseSchema(Schema):
    """The base of every schema: unknown fields are errors, and fields stay in the order in which they are declared."""

    class Meta:
        unknown = RAISE

    error_messages = {
        "unknown": "There is no field of this name. Check its spelling, or leave it out.",
        "type": "Send an object with fields.",
    }


class _TextField(fields.String, ABC):
    """Text that ``canonical`` accepts and makes canonical; what it refuses, it refuses with a sentence.

    ``described`` stands in the OpenAPI description beside the type.
    """

    described: ClassVar[dict[str, Any]] = {}

    default_error_messages = {
        "required": "Fill in this field.",
        "null": "Fill in this field, or leave it out.",
        "invalid": "Send text.",
    }

    def __init__(self, **options: Any) -> None:
        options["metadata"] = self.described | options.get("metadata", {})
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        return self.canonical(value)

    @abstractmethod
    def canonical(self, text: str) -> str: ...


class InstantField(_TextField):
    """A moment: ISO 8601 with an offset in; our instant (UTC, six digits) out."""

    described = {"format": "date-time"}

    def canonical(self, text: str) -> Instant:
        try:
            return parse_instant(text)
        except Invalid as problem:
            raise ValidationError(f"{problem.detail}. {problem.help}.") from None
        except (ValueError, OverflowError):
            raise ValidationError("Send a time between the years 1 and 9999.") from None


class LocalDateField(_TextField):
    """A calendar day, ``2026-11-24``."""

    described = {"format": "date"}

    def canonical(self, text: str) -> LocalDate:
        try:
            if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
                raise ValueError
            return LocalDate(date.fromisoformat(text).isoformat())
        except ValueError:
            raise ValidationError("Send a day of the calendar as year-month-day, for example 2026-11-24.") from None


class ZoneField(_TextField):
    """A time zone by its IANA name."""

    described = {"example": "Asia/Jakarta"}

    def canonical(self, text: str) -> Zone:
        if not is_zone(text):
            raise ValidationError("Send the IANA name of a time zone, for example Asia/Jakarta.")
        return Zone(text)


class PlaceField(_TextField):
    """A country or a part of one, by ISO 3166: ``ID``, ``US-AZ``. Only the shape is checked here."""

    described = {"pattern": f"^{_PLACE}$"}

    def canonical(self, text: str) -> Place:
        if re.fullmatch(_PLACE, text) is None:
            raise ValidationError("Send a place as its ISO 3166 code, for example ID or US-AZ.")
        return Place(text)


class LanguageField(_TextField):
    """A language by its BCP 47 tag: ``id``, ``en-GB``, ``zh-Hant``."""

    described = {"pattern": f"^{_LANGUAGE}$"}

    def canonical(self, text: str) -> Language:
        if re.fullmatch(_LANGUAGE, text) is None:
            raise ValidationError("Send a language as its BCP 47 tag, for example id or en-GB.")
        return Language(text)


class NameField(_TextField):
    """A name of a person or of an organisation: one line of 1 to 200 characters, blanks made single."""

    described = {"minLength": 1, "maxLength": 200}

    def canonical(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text.strip())
        if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp", "Co") for letter in text):
            raise ValidationError("Write the name in one line, without control characters.")
        name = " ".join(text.split())
        if not 1 <= len(name) <= 200 or not any(letter.isprintable() and not letter.isspace() for letter in name):
            raise ValidationError("Write a name of 1 to 200 characters.")
        return name


class WordsField(_TextField):
    """What a person says, in their own words and lines: at most ``max_bytes`` of UTF-8, not only blanks."""

    described = {"minLength": 1}

    def __init__(self, max_bytes: int = 65_536, **options: Any) -> None:
        self.max_bytes = max_bytes
        super().__init__(**options)

    def canonical(self, text: str) -> str:
        words = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in words):
            raise ValidationError("Leave out control characters; lines and tabs are fine.")
        if not words.strip():
            raise ValidationError("Write something here.")
        if len(words.encode()) > self.max_bytes:
            raise ValidationError(f"Shorten this to {self.max_bytes} bytes; nothing of it was cut off or kept.")
        return words


class EmailField(_TextField):
    """An e-mail address. The domain is made lower case; what stands before the @ is the owner's and stays."""

    described = {"format": "email"}

    def canonical(self, text: str) -> str:
        local, at, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
        try:
            host = domain.encode("idna").decode("ascii").lower()
        except UnicodeError:
            host = ""
        fits = (
            at == "@"
            and re.fullmatch(r"[^\s@\x00-\x20\x7f\"(),:;<>\[\\\]]{1,64}", local) is not None
            and not (local.startswith(".") or local.endswith(".") or ".." in local)
            and re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+", host) is not None
            and len(local.encode()) + len(host) < 254
        )
        if not fits:
            raise ValidationError("Send an e-mail address, for example dewi@example.org.")
        if "=?" in local:  # begins an encoded word (RFC 2047): in a letter's head it would be read as another address
            raise ValidationError("Letters cannot be sent to an address with =? in it. Send another one.")
        return f"{local}@{host}"


class PhoneField(_TextField):
    """A phone number, stored as E.164; blanks, dots, hyphens and brackets that people write are taken out."""

    described = {"example": "+6281234567890"}

    def canonical(self, text: str) -> str:
        number = re.sub(r"[\s().\u2010-\u2015-]", "", text)
        if re.fullmatch(r"\+[1-9][0-9]{6,14}", number) is None:
            raise ValidationError("Send a phone number with its country code, for example +62 812 3456 7890.")
        return number
