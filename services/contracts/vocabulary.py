"""The closed vocabularies: every code that may stand in a clear field of an event.

A code is a short lower-case word that never changes its meaning. Sentences for people are kept in `words.py`, one in
each language for each code; a test holds the two together. A new code may be added; none is removed or renamed,
because old events carry it.
"""

from typing import Literal, get_args

Profession = Literal[
    "counselor",
    "psychologist",
    "clinical_psychologist",
    "clinical_social_worker",
    "marriage_family_therapist",
    "psychotherapist",
    "social_worker",
]

CredentialKind = Literal[
    "licence",  # by a state: permission to act
    "registration",  # by a state or a college under statute
    "certificate",  # of qualification or of practice
    "privilege",  # under an interstate compact
    "permission",  # a board's approval for a time, for named work
    "permit",  # an association's own permit
    "register_entry",  # on a voluntary register
    "insurance",
    "training",
]

CredentialStatus = Literal["recorded", "verified", "refused", "lapsed", "not_begun", "expired", "encumbered", "ended"]
StandingKind = Literal["encumbered", "suspended", "surrendered", "disciplined", "renewal_applied"]
VerificationVerdict = Literal["confirmed", "refused", "unclear"]
SourceKind = Literal["self_stated", "document", "primary_source"]
Confidence = Literal["V", "S", "U", "network"]

Role = Literal["operator", "counselor", "verifier", "supervisor", "officer", "client", "custodian", "guardian"]
Mender = Literal["operator", "counselor", "verifier", "client", "guardian", "authority", "nobody"]

Modality = Literal["chat", "audio", "video", "phone", "message", "in_person"]
Act = Literal["counselling", "controlled_act"]
Outcome = Literal["success", "face_to_face", "next_online_session", "referral"]

Verdict = Literal["permitted", "prohibited", "undetermined"]
Truth = Literal["yes", "no", "unknown"]

RouteKind = Literal[
    "own_licence",
    "compact_privilege",
    "registration",
    "temporary_practice",
    "unregulated_title",
    "network_standard",
]

ConditionKind = Literal[
    "modality",
    "client_age",
    "counselor_place",
    "quota",
    "existing_client",
    "consent",
    "attestation",
    "act",
]

QuotaUnit = Literal["sessions", "calendar_days", "consecutive_days", "clients"]
QuotaPer = Literal["week", "calendar_year", "lifetime"]
QuotaOf = Literal["counselor", "client", "pair"]

ConsentKind = Literal[
    "telehealth",
    "telehealth_signed",
    "limited_practice_told",
    "no_local_licence_told",
    "acknowledgement_signed",
]

AttestationKind = Literal["no_advertising_there", "small_share_there", "crisis", "capable"]

ConsentMatter = Literal["treatment", "digital"]
RecordingConsent = Literal["one_party", "all_parties"]
RetentionStart = Literal["last_contact", "age"]

Obligation = Literal[
    "note_mode",
    "note_place",
    "note_verified_place",
    "note_local_emergency_contacts",
    "say_place_each_session",
    "identity_check_first_meeting",
    "telehealth_consent",
    "telehealth_consent_signed",
    "tell_limits_of_practice",
    "tell_no_local_licence",
    "tell_licence_and_board",
    "tell_no_statute",
    "tell_network_standard",
    "yearly_report",
    "report_restriction_within_5_days",
    "hold_insurance",
    "no_in_person",
    "no_new_clients",
    "obey_both_places",
    "work_under_supervision",
]

ReasonCode = Literal[
    # a condition or a route that works
    "holds",
    "by_own_licence",
    "by_compact_privilege",
    "by_registration",
    "by_temporary_practice",
    "by_unregulated_title",
    "by_network_standard",
    # facts of the contact
    "modality_not_allowed",
    "modality_unknown",
    "client_too_young",
    "client_age_unknown",
    "counselor_elsewhere",
    "counselor_place_unknown",
    "quota_used_up",
    "contacts_unknown",
    "not_existing_client",
    "existing_client_unknown",
    "consent_refused",
    "consent_missing",
    "attestation_denied",
    "attestation_missing",
    "act_not_covered",
    "act_unknown",
    # credentials
    "no_credential",
    "not_yet_valid",
    "expired",
    "encumbered",
    "ended",
    "disciplined",
    "not_verified",
    "verification_refused",
    "verification_lapsed",
    "home_elsewhere",
    "home_unknown",
    # rules
    "rule_content_unknown",
    "rule_stale",
    "rule_end_unknown",
    "not_in_operation",
    "licence_required",
    "title_protected",
    "forbidden_here",
    "home_rule_not_settled",
    "no_rule_known",
    # the whole question
    "place_unknown",
    "no_clearance",
    "needs_guardian",
    "consent_age_unknown",
]

CoarseReason = Literal["not_licensed_there", "not_known_yet", "not_this_way_or_time", "guardian_needed"]

HelpKind = Literal["emergency", "ambulance", "police", "fire", "crisis", "young_people"]
HelpChannel = Literal["call", "text", "chat", "whatsapp", "web"]
HelpCaution = Literal["not_everywhere", "may_be_slow", "sixteen_and_over"]


def codes(vocabulary: object) -> tuple[str, ...]:
    """The codes of one vocabulary, in the order in which it declares them."""
    return tuple(str(code) for code in get_args(vocabulary))
