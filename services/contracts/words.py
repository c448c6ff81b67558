"""The sentence of every code, in English and in Indonesian: what a person reads where an event holds a code.

Plain, warm, exact; a refusal says what is the case, never whose fault. Pages add who can mend it (`MENDERS`). A test
holds these tables and `vocabulary` together: no code without words, no words without a code.
"""

from collections.abc import Mapping
from typing import Literal

from services.contracts.vocabulary import (
    AttestationKind,
    CoarseReason,
    ConsentKind,
    CredentialKind,
    HelpCaution,
    HelpKind,
    Mender,
    Modality,
    Obligation,
    Outcome,
    Profession,
    ReasonCode,
    Role,
    RouteKind,
    Verdict,
)

Locale = Literal["en", "id"]
Words = Mapping[Locale, str]


def _both(en: str, id: str) -> Words:
    return {"en": en, "id": id}


VERDICTS: Mapping[Verdict, Words] = {
    "permitted": _both("Permitted", "Diizinkan"),
    "prohibited": _both("Not allowed", "Tidak diizinkan"),
    "undetermined": _both("Not known", "Belum diketahui"),
}

COARSE: Mapping[CoarseReason, Words] = {
    "not_licensed_there": _both(
        "May not counsel people where you are now", "Belum boleh melayani orang di tempat Anda berada sekarang"
    ),
    "not_known_yet": _both(
        "We do not know yet whether this is allowed where you are",
        "Kami belum tahu apakah ini diizinkan di tempat Anda berada",
    ),
    "not_this_way_or_time": _both(
        "Not available in this way or at this time", "Tidak tersedia lewat media ini atau pada waktu ini"
    ),
    "guardian_needed": _both(
        "At your age a guardian has to consent first", "Pada usia Anda, wali perlu memberi persetujuan lebih dahulu"
    ),
}

COARSE_HELP: Mapping[CoarseReason, Words] = {
    "not_licensed_there": _both(
        "Choose another counselor; your clinic can tell you who may counsel people where you are",
        "Pilih konselor lain; klinik Anda dapat memberi tahu siapa yang boleh melayani orang di tempat Anda berada",
    ),
    "not_known_yet": _both(
        "Choose another counselor, or ask your clinic to find out",
        "Pilih konselor lain, atau minta klinik Anda mencari tahu",
    ),
    "not_this_way_or_time": _both(
        "Choose another way or another time, or another counselor",
        "Pilih media atau waktu lain, atau konselor lain",
    ),
    "guardian_needed": _both(
        "Ask your clinic how a parent or guardian can consent; the help lines are there for you now",
        "Tanyakan kepada klinik Anda bagaimana orang tua atau wali dapat memberi persetujuan; "
        "nomor bantuan tersedia untuk Anda sekarang juga",
    ),
}

REASONS: Mapping[ReasonCode, Words] = {
    "holds": _both("This condition is met", "Syarat ini terpenuhi"),
    "by_own_licence": _both("By a licence of this place", "Berdasarkan lisensi dari tempat ini"),
    "by_compact_privilege": _both(
        "By a privilege under a compact", "Berdasarkan hak dalam perjanjian antarnegara bagian"
    ),
    "by_registration": _both("By a registration for telehealth", "Berdasarkan registrasi layanan jarak jauh"),
    "by_temporary_practice": _both("By a rule for practice for a time", "Berdasarkan aturan praktik sementara"),
    "by_unregulated_title": _both(
        "No statute regulates this profession here, and its title is not protected",
        "Tidak ada undang-undang yang mengatur profesi ini di sini, dan gelarnya tidak dilindungi",
    ),
    "by_network_standard": _both(
        "By a standard that this network adopted itself; it is not law",
        "Berdasarkan standar yang ditetapkan jejaring ini sendiri; ini bukan undang-undang",
    ),
    "modality_not_allowed": _both("This way of meeting is not allowed here", "Media ini tidak diizinkan di sini"),
    "modality_unknown": _both("The way of meeting is not chosen yet", "Media pertemuan belum dipilih"),
    "client_too_young": _both("The client is below the age for this", "Usia konseli di bawah batas untuk hal ini"),
    "client_age_unknown": _both("The client's age is not known", "Usia konseli belum diketahui"),
    "counselor_elsewhere": _both(
        "The counselor is in a place from which this is not allowed",
        "Konselor berada di tempat yang tidak diizinkan untuk ini",
    ),
    "counselor_place_unknown": _both(
        "Where the counselor is now is not known", "Tempat konselor sekarang belum diketahui"
    ),
    "quota_used_up": _both(
        "All contacts that this rule allows for now are used",
        "Semua pertemuan yang diizinkan aturan ini untuk saat ini sudah terpakai",
    ),
    "contacts_unknown": _both(
        "How many contacts there were is not known", "Jumlah pertemuan sebelumnya belum diketahui"
    ),
    "not_existing_client": _both(
        "This is allowed only for somebody who was a client before",
        "Ini hanya diizinkan bagi yang sudah menjadi konseli sebelumnya",
    ),
    "existing_client_unknown": _both(
        "Whether this person was a client before is not known",
        "Belum diketahui apakah orang ini sudah menjadi konseli sebelumnya",
    ),
    "consent_refused": _both(
        "The client did not give a consent that is needed here",
        "Konseli tidak memberi persetujuan yang diperlukan di sini",
    ),
    "consent_missing": _both("A consent is still needed", "Masih diperlukan persetujuan"),
    "attestation_denied": _both(
        "A statement that is needed here is not true", "Pernyataan yang diperlukan di sini tidak benar"
    ),
    "attestation_missing": _both("A statement is still needed", "Masih diperlukan pernyataan"),
    "act_not_covered": _both("This kind of treatment is not covered", "Jenis penanganan ini tidak tercakup"),
    "act_unknown": _both("The kind of treatment is not stated yet", "Jenis penanganan belum dinyatakan"),
    "no_credential": _both("No credential of the kind that is needed", "Tidak ada kredensial jenis yang diperlukan"),
    "not_yet_valid": _both("The credential is not valid yet", "Kredensial belum berlaku"),
    "expired": _both("The credential has expired", "Masa berlaku kredensial sudah habis"),
    "encumbered": _both("The credential is restricted by its authority", "Kredensial dibatasi oleh penerbitnya"),
    "ended": _both("The credential was given up or ended", "Kredensial sudah dilepas atau berakhir"),
    "disciplined": _both(
        "A disciplinary measure lies within the time that counts",
        "Ada tindakan disiplin dalam jangka waktu yang dihitung",
    ),
    "not_verified": _both("The credential is not verified yet", "Kredensial belum diverifikasi"),
    "verification_refused": _both(
        "The credential was not found at its source", "Kredensial tidak ditemukan pada sumbernya"
    ),
    "verification_lapsed": _both("The credential has to be verified again", "Kredensial perlu diverifikasi ulang"),
    "home_elsewhere": _both(
        "The counselor does not live in a place that counts for this",
        "Tempat tinggal konselor tidak termasuk untuk ini",
    ),
    "home_unknown": _both("Where the counselor lives is not known", "Tempat tinggal konselor belum diketahui"),
    "rule_content_unknown": _both(
        "There is a rule, but what it says is not known yet", "Ada aturan, tetapi isinya belum diketahui"
    ),
    "rule_stale": _both("The rule has to be read again at its source", "Aturan perlu dibaca ulang pada sumbernya"),
    "rule_end_unknown": _both(
        "The rule may have ended since it was read", "Aturan mungkin sudah berakhir sejak terakhir dibaca"
    ),
    "not_in_operation": _both("The rule is made but does not work yet", "Aturan sudah dibuat tetapi belum berjalan"),
    "licence_required": _both("A licence of this place is required", "Diperlukan lisensi dari tempat ini"),
    "title_protected": _both("The title is protected in this place", "Gelar ini dilindungi di tempat ini"),
    "forbidden_here": _both("This is forbidden in this place", "Ini dilarang di tempat ini"),
    "home_rule_not_settled": _both(
        "Whether the rules of the place where the counselor lives allow this is not known yet",
        "Belum diketahui apakah aturan di tempat tinggal konselor mengizinkan ini",
    ),
    "no_rule_known": _both(
        "We know of no rule for this place; nothing can be booked until one is adopted",
        "Kami belum mengetahui aturan untuk tempat ini; sesi belum bisa dipesan sebelum aturan ditetapkan",
    ),
    "place_unknown": _both("Where the client is has not been said yet", "Tempat konseli belum disebutkan"),
    "no_clearance": _both(
        "We do not know yet whether this counselor may serve this place",
        "Kami belum tahu apakah konselor ini boleh melayani tempat ini",
    ),
    "needs_guardian": _both("No verified guardian has consented", "Belum ada persetujuan dari wali yang terverifikasi"),
    "consent_age_unknown": _both(
        "From which age a client may consent alone in this place is not known",
        "Belum diketahui sejak usia berapa konseli boleh menyetujui sendiri di tempat ini",
    ),
}

MENDERS: Mapping[Mender, Words] = {
    "operator": _both("The network operator can mend this", "Pengelola jejaring dapat membereskannya"),
    "counselor": _both("The counselor can mend this", "Konselor dapat membereskannya"),
    "verifier": _both("A verifier can mend this", "Verifikator dapat membereskannya"),
    "client": _both("The client can mend this", "Konseli dapat membereskannya"),
    "guardian": _both("A guardian can mend this", "Wali dapat membereskannya"),
    "authority": _both("Only the authority can change this", "Hanya lembaga penerbit yang dapat mengubahnya"),
    "nobody": _both("Nothing can be done about this now", "Saat ini tidak ada yang dapat dilakukan tentang hal ini"),
}

ROUTES: Mapping[RouteKind, Words] = {
    "own_licence": _both("Own licence", "Lisensi sendiri"),
    "compact_privilege": _both("Compact privilege", "Hak dalam perjanjian antarnegara bagian"),
    "registration": _both("Registration", "Registrasi"),
    "temporary_practice": _both("Temporary practice", "Praktik sementara"),
    "unregulated_title": _both("Title not regulated", "Gelar tidak diatur"),
    "network_standard": _both("Standard of the network", "Standar jejaring"),
}

MODALITIES: Mapping[Modality, Words] = {
    "chat": _both("Chat", "Obrolan"),
    "audio": _both("Audio", "Suara"),
    "video": _both("Video", "Video"),
    "phone": _both("Phone", "Telepon"),
    "message": _both("Message", "Pesan"),
    "in_person": _both("In person", "Tatap muka"),
}

OUTCOMES: Mapping[Outcome, Words] = {
    "success": _both("Success", "Berhasil"),
    "face_to_face": _both("Continue face to face", "Lanjut tatap muka"),
    "next_online_session": _both("Next online session", "Sesi daring berikutnya"),
    "referral": _both("Referral", "Rujukan"),
}

ROLES: Mapping[Role, Words] = {
    "operator": _both("Operator", "Pengelola"),
    "counselor": _both("Counselor", "Konselor"),
    "verifier": _both("Verifier", "Verifikator"),
    "supervisor": _both("Supervisor", "Supervisor"),
    "officer": _both("Compliance officer", "Petugas kepatuhan"),
    "client": _both("Client", "Konseli"),
    "custodian": _both("Custodian", "Pemegang wasiat profesional"),
    "guardian": _both("Guardian", "Wali"),
}

PROFESSIONS: Mapping[Profession, Words] = {
    "counselor": _both("Counselor", "Konselor"),
    "psychologist": _both("Psychologist", "Psikolog"),
    "clinical_psychologist": _both("Clinical psychologist", "Psikolog klinis"),
    "clinical_social_worker": _both("Clinical social worker", "Pekerja sosial klinis"),
    "marriage_family_therapist": _both("Marriage and family therapist", "Terapis perkawinan dan keluarga"),
    "psychotherapist": _both("Psychotherapist", "Psikoterapis"),
    "social_worker": _both("Social worker", "Pekerja sosial"),
}

CREDENTIALS: Mapping[CredentialKind, Words] = {
    "licence": _both("Licence", "Lisensi"),
    "registration": _both("Registration", "Registrasi"),
    "certificate": _both("Certificate", "Sertifikat"),
    "privilege": _both("Compact privilege", "Hak dalam perjanjian antarnegara bagian"),
    "permission": _both("Permission of a board", "Izin khusus dari lembaga"),
    "permit": _both("Permit of an association", "Izin dari asosiasi"),
    "register_entry": _both("Entry on a voluntary register", "Tercatat pada register sukarela"),
    "insurance": _both("Insurance", "Asuransi"),
    "training": _both("Training", "Pelatihan"),
}

OBLIGATIONS: Mapping[Obligation, Words] = {
    "note_mode": _both("Write in the note by which way you met", "Tulis dalam catatan lewat media apa Anda bertemu"),
    "note_place": _both("Write in the note where the client was", "Tulis dalam catatan di mana konseli berada"),
    "note_verified_place": _both(
        "Verify where the client is and write it in the note", "Pastikan tempat konseli dan tulis dalam catatan"
    ),
    "note_local_emergency_contacts": _both(
        "Write local emergency contacts in the note", "Tulis kontak darurat setempat dalam catatan"
    ),
    "say_place_each_session": _both(
        "Ask for the client's name and full address at each session",
        "Tanyakan nama dan alamat lengkap konseli pada setiap sesi",
    ),
    "identity_check_first_meeting": _both(
        "Check the client's identity at the first meeting", "Periksa identitas konseli pada pertemuan pertama"
    ),
    "telehealth_consent": _both(
        "Record the client's consent to telehealth before the start",
        "Catat persetujuan konseli atas layanan jarak jauh sebelum mulai",
    ),
    "telehealth_consent_signed": _both(
        "Have the client's signed consent to telehealth", "Miliki persetujuan tertulis konseli atas layanan jarak jauh"
    ),
    "tell_limits_of_practice": _both(
        "Tell the client how limited this practice is", "Beri tahu konseli batas praktik ini"
    ),
    "tell_no_local_licence": _both(
        "Tell the client that you hold no licence of their place",
        "Beri tahu konseli bahwa Anda tidak memegang lisensi dari tempatnya",
    ),
    "tell_licence_and_board": _both(
        "Tell the client your licence, its number and its board",
        "Beri tahu konseli lisensi Anda, nomornya, dan lembaganya",
    ),
    "tell_no_statute": _both(
        "Tell the client that no statute regulates this work in their place",
        "Beri tahu konseli bahwa tidak ada undang-undang yang mengatur layanan ini di tempatnya",
    ),
    "tell_network_standard": _both(
        "Tell the client which standard of the network applies", "Beri tahu konseli standar jejaring mana yang berlaku"
    ),
    "yearly_report": _both("Report to the board each year", "Laporkan kepada lembaga setiap tahun"),
    "report_restriction_within_5_days": _both(
        "Report a restriction of any licence within five days", "Laporkan pembatasan lisensi apa pun dalam lima hari"
    ),
    "hold_insurance": _both("Hold professional insurance", "Miliki asuransi profesi"),
    "no_in_person": _both("Do not meet in person there", "Jangan bertemu tatap muka di sana"),
    "no_new_clients": _both("Take no new clients there", "Jangan menerima konseli baru di sana"),
    "obey_both_places": _both("Obey the rules of both places", "Patuhi aturan kedua tempat"),
    "work_under_supervision": _both("Work under supervision", "Bekerja di bawah supervisi"),
}

CONSENTS: Mapping[ConsentKind, Words] = {
    "telehealth": _both("I agree to counselling at a distance", "Saya setuju dengan konseling jarak jauh"),
    "telehealth_signed": _both(
        "I sign my agreement to counselling at a distance", "Saya menandatangani persetujuan atas konseling jarak jauh"
    ),
    "limited_practice_told": _both(
        "I was told how limited this practice is in my place", "Saya sudah diberi tahu batas praktik ini di tempat saya"
    ),
    "no_local_licence_told": _both(
        "I was told that the counselor holds no licence of my place",
        "Saya sudah diberi tahu bahwa konselor tidak memegang lisensi dari tempat saya",
    ),
    "acknowledgement_signed": _both(
        "I sign that I know the conditions of this permission",
        "Saya menandatangani bahwa saya mengetahui syarat izin ini",
    ),
}

ATTESTATIONS: Mapping[AttestationKind, Words] = {
    "no_advertising_there": _both("I do not advertise in the client's place", "Saya tidak beriklan di tempat konseli"),
    "small_share_there": _both(
        "Clients of that place are a small share of my work",
        "Konseli dari tempat itu hanya sebagian kecil dari pekerjaan saya",
    ),
    "crisis": _both("The client is in an emotional crisis", "Konseli sedang dalam krisis emosional"),
    "capable": _both("The client understands what they consent to", "Konseli memahami apa yang disetujuinya"),
}

HELP_KINDS: Mapping[HelpKind, Words] = {
    "emergency": _both("Emergency", "Darurat"),
    "ambulance": _both("Ambulance", "Ambulans"),
    "police": _both("Police", "Polisi"),
    "fire": _both("Fire", "Pemadam kebakaran"),
    "crisis": _both("Somebody to talk to now", "Teman bicara saat ini juga"),
    "young_people": _both("For young people", "Untuk anak dan remaja"),
}

HELP_CAUTIONS: Mapping[HelpCaution, Words] = {
    "not_everywhere": _both("Does not work in every district", "Belum berfungsi di semua kabupaten dan kota"),
    "may_be_slow": _both(
        "The answer may be slow; use the other numbers too", "Jawaban bisa lambat; pakai juga nomor lain"
    ),
    "sixteen_and_over": _both("For people aged 16 and over", "Untuk usia 16 tahun ke atas"),
}

HELP_GENERAL: Words = _both(
    "Call the emergency number of the place where you are, or ask somebody near you to call",
    "Hubungi nomor darurat di tempat Anda berada, atau minta orang di dekat Anda menelepon",
)
