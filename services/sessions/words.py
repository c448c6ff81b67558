"""The sentence of each reason of the gate, and of an offer, that is this service's own, in English and Indonesian.

Reasons of the law have theirs in ``contracts.words``. Plain, warm, exact; who can mend it stands beside it.
"""

from collections.abc import Mapping

from services.contracts.words import COARSE, COARSE_HELP, REASONS, Words

GATE: Mapping[str, Words] = {
    "place_not_attested": {
        "en": "The client has not said yet where they are",
        "id": "Konseli belum menyatakan di mana ia berada",
    },
    "place_unknown": {
        "en": "Where the client is is not known yet",
        "id": "Tempat konseli berada belum diketahui",
    },
    "identity_not_checked": {
        "en": "The client has not said their phrase yet",
        "id": "Konseli belum menyebutkan frasanya",
    },
    "phrase_not_matched": {
        "en": "The phrase was not the one that is kept; it can be said again",
        "id": "Frasa itu tidak sama dengan yang tersimpan; boleh disebutkan lagi",
    },
    "too_many_tries": {
        "en": "The phrase was wrong too often; the clinic can help",
        "id": "Frasa terlalu sering salah; klinik dapat membantu",
    },
    "consent_not_in_force": {
        "en": "A consent is missing, was taken back, or its text has changed",
        "id": "Suatu persetujuan belum ada, dicabut, atau teksnya telah berubah",
    },
    "no_emergency_contact": {
        "en": "Nobody is named to call in an emergency",
        "id": "Belum ada orang yang dapat dihubungi dalam keadaan darurat",
    },
    "emergency_contact_elsewhere": {
        "en": "The emergency contact is for another place; name somebody for this one",
        "id": "Kontak darurat berlaku untuk tempat lain; sebutkan seseorang untuk tempat ini",
    },
    "no_fallback": {
        "en": "No other way is agreed on for when technology fails",
        "id": "Belum disepakati jalur cadangan bila teknologi gagal",
    },
    "client_not_ready": {
        "en": "The client has not confirmed this yet",
        "id": "Konseli belum memastikan hal ini",
    },
    "counselor_not_ready": {
        "en": "The counselor has not confirmed this yet",
        "id": "Konselor belum memastikan hal ini",
    },
    "too_early": {
        "en": "It is too early: a session can start from 15 minutes before its time",
        "id": "Masih terlalu awal: sesi dapat dimulai sejak 15 menit sebelum waktunya",
    },
    "too_late": {"en": "The time of this session is over", "id": "Waktu sesi ini sudah lewat"},
    "law_not_heard": {
        "en": "We have not heard for a while what the law lets counselors do; try again in a few minutes",
        "id": "Sudah beberapa waktu tidak ada kabar tentang izin konselor; coba lagi beberapa menit lagi",
    },
    "client_in_session": {
        "en": "The client is still in another session; its counselor can end it",
        "id": "Konseli masih dalam sesi lain; konselor sesi itu dapat mengakhirinya",
    },
    "counselor_in_session": {
        "en": "The counselor is still in another session and can end it first",
        "id": "Konselor masih dalam sesi lain dan dapat mengakhirinya lebih dahulu",
    },
    "session_cancelled": {"en": "This session was cancelled", "id": "Sesi ini dibatalkan"},
    "session_missed": {"en": "This session is recorded as missed", "id": "Sesi ini tercatat tidak terlaksana"},
    "session_started": {"en": "This session has started", "id": "Sesi ini sudah dimulai"},
    "session_ended": {"en": "This session is over", "id": "Sesi ini sudah selesai"},
}

# Why a counselor is not offered, and what to do next.
NOT_OFFERED: Mapping[str, Words] = dict(COARSE) | {"law_not_heard": GATE["law_not_heard"]}
NEXT_STEP: Mapping[str, Words] = dict(COARSE_HELP) | {
    "law_not_heard": {
        "en": "Nothing can be booked until we have; the help lines are there for you now",
        "id": "Sesi belum bisa dipesan sebelum ada kabar; nomor bantuan tersedia untuk Anda sekarang juga",
    }
}

_SENTENCES: dict[str, Words] = {str(code): words for code, words in REASONS.items()} | dict(GATE)


def sentence(code: str) -> str:
    """The English sentence of a reason; the API speaks English."""
    return _SENTENCES[code]["en"]
