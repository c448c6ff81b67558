"""What the letters say, in English and Indonesian: that there is something, never what. A letter may be read by others.

No name of a person, no appointment, no clinic and no reference stands in a letter; a link leads to where these are
shown. The last letter of an erasure leads nowhere, as the account may be gone: it says itself that a part is kept, and
until which day.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from babel.dates import format_date

from services.contracts.identity import Template
from services.kernel.time import LocalDate

Tongue = Literal["en", "id"]


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """That a part has to be kept, and until which day, where that is known."""

    until: LocalDate | None


# Where the link of a letter leads, below /identity/.
PATHS: dict[Template, str] = {
    "invitation": "invitations",
    "confirm_email": "confirmations",
    "password_reset": "password-resets",
}

_TEXTS: dict[Template, dict[Tongue, tuple[str, str]]] = {
    "invitation": {
        "en": ("You are invited", "You are invited to work in a counselling network. Open this link within 7 days:"),
        "id": ("Anda diundang", "Anda diundang bekerja di sebuah jejaring konseling. Buka tautan ini dalam 7 hari:"),
    },
    "confirm_email": {
        "en": (
            "Confirm your address",
            "Somebody registered with this address. If it was you, open this link within 2 days. "
            "If not, leave it; nothing happens then.",
        ),
        "id": (
            "Konfirmasi alamat Anda",
            "Seseorang mendaftar dengan alamat ini. Jika itu Anda, buka tautan ini dalam 2 hari. "
            "Jika bukan, abaikan saja; tidak akan terjadi apa-apa.",
        ),
    },
    "address_known": {
        "en": (
            "You have an account already",
            "Somebody tried to register with this address, which has an account. If it was you, sign in, or set a new "
            "password. If not, leave it; nothing was changed.",
        ),
        "id": (
            "Anda sudah punya akun",
            "Seseorang mencoba mendaftar dengan alamat ini, yang sudah punya akun. Jika itu Anda, silakan masuk atau "
            "buat kata sandi baru. Jika bukan, abaikan saja; tidak ada yang berubah.",
        ),
    },
    "password_reset": {
        "en": (
            "Set a new password",
            "Somebody asked for a new password for this address. If it was you, open this link within an hour. "
            "If not, leave it; your password stays.",
        ),
        "id": (
            "Buat kata sandi baru",
            "Seseorang meminta kata sandi baru untuk alamat ini. Jika itu Anda, buka tautan ini dalam satu jam. "
            "Jika bukan, abaikan saja; kata sandi Anda tetap.",
        ),
    },
    "session_booked": {
        "en": ("You have an appointment", "You have an appointment. Sign in to see it:"),
        "id": ("Anda punya janji temu", "Anda punya janji temu. Masuk untuk melihatnya:"),
    },
    "session_cancelled": {
        "en": ("An appointment was cancelled", "An appointment was cancelled. Sign in to see which one:"),
        "id": ("Sebuah janji temu dibatalkan", "Sebuah janji temu dibatalkan. Masuk untuk melihatnya:"),
    },
    "session_changed": {
        "en": ("An appointment has changed", "An appointment has changed. Sign in to see what is different:"),
        "id": ("Sebuah janji temu berubah", "Sebuah janji temu berubah. Masuk untuk melihat perubahannya:"),
    },
    "erasure_answered": {
        "en": (
            "Your wish was carried out",
            "What you asked us to do was done. This is the last letter about it.",
        ),
        "id": (
            "Permintaan Anda sudah dijalankan",
            "Apa yang Anda minta sudah dilakukan. Ini surat terakhir tentang hal itu.",
        ),
    },
}

# In place of the text of ``erasure_answered`` where a part is kept; the day may follow.
_KEPT_IN_PART: dict[Tongue, tuple[str, str]] = {
    "en": (
        "Your wish was carried out in part",
        "What you asked us to do was done, except for a part that has to be kept for now. That part goes by itself "
        "once it need not be kept any more; you need to do nothing. This is the last letter about it.",
    ),
    "id": (
        "Permintaan Anda sudah dijalankan sebagian",
        "Apa yang Anda minta sudah dilakukan, kecuali sebagian yang untuk sementara wajib disimpan. Bagian itu dihapus "
        "dengan sendirinya setelah tidak wajib disimpan lagi; Anda tidak perlu berbuat apa-apa. Ini surat terakhir "
        "tentang hal itu.",
    ),
}
_KEPT_UNTIL: dict[Tongue, str] = {
    "en": "As things stand, it is kept until {day}.",
    "id": "Menurut keadaan sekarang, bagian itu disimpan sampai {day}.",
}

_NO_LINK: frozenset[Template] = frozenset({"erasure_answered"})
_GREETING: dict[Tongue, str] = {"en": "Hello,", "id": "Halo,"}
_CLOSING: dict[Tongue, str] = {
    "en": "This letter was written by a machine; nobody reads answers to it.",
    "id": "Surat ini ditulis oleh mesin; balasannya tidak dibaca siapa pun.",
}


def tongue_of(*languages: str | None) -> Tongue:
    """The first of these languages in which letters are written; else English."""
    for language in languages:
        if language is not None and language.split("-")[0] in ("en", "id"):
            return "id" if language.split("-")[0] == "id" else "en"
    return "en"


def write(template: Template, tongue: Tongue, url: str, secret: str | None, kept: Kept | None = None) -> Letter:
    """The letter. ``url`` is where people reach the installation; ``secret`` stands in the link and on its own line;
    ``kept`` is what was not erased, in the letter about the end of an erasure."""
    subject, words = _TEXTS[template][tongue] if kept is None else _KEPT_IN_PART[tongue]
    lines = [_GREETING[tongue], "", words]
    if kept is not None and kept.until is not None:
        day = format_date(date.fromisoformat(kept.until), "d MMMM y", locale=tongue)
        lines += ["", _KEPT_UNTIL[tongue].format(day=day)]
    if secret is not None:
        lines += ["", f"{url}/identity/{PATHS[template]}?token={secret}", "", f"Token: {secret}"]
    elif template not in _NO_LINK:
        lines += ["", f"{url}/"]
    return Letter(subject, "\n".join([*lines, "", _CLOSING[tongue], ""]))
