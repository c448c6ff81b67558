"""Events of identity: the network, its clinics, accounts, memberships, clients' ids, sign-ins, mail and erasure."""

from typing import Annotated, Literal

from services.contracts.common import ErasureAnswer, Refusal
from services.contracts.vocabulary import Role
from services.kernel.events import event
from services.kernel.fields import (
    Account,
    Client,
    ClinicId,
    Code,
    GrantedBy,
    Id,
    Language,
    Name,
    Person,
    PersonId,
    Place,
    Reference,
    Seal,
    Sealed,
)
from services.kernel.time import Instant, Zone

Address = Annotated[Sealed, Seal("account", "address")]
Device = Annotated[Sealed, Seal("account", "device")]
Inviter = Annotated[PersonId, Person("inviter")]

SignInMethod = Literal["password"]
Acr = Literal["aal1", "aal2"]
RefusedSignIn = Literal["unknown_or_wrong", "not_confirmed", "too_many_tries", "closed"]
RevokedBecause = Literal["signed_out", "password_changed", "role_ended", "operator", "erased"]
Template = Literal[
    "invitation",
    "confirm_email",
    "address_known",
    "password_reset",
    "session_booked",
    "session_cancelled",
    "session_changed",
    "erasure_answered",
]
Basis = Literal["client_request", "guardian_request", "court", "complaint", "investigation"]


@event("identity.network-founded", public=True)
class NetworkFounded:
    network: Id
    name: Name
    languages: tuple[Language, ...]
    founder: Account


@event("identity.clinic-founded", public=True)
class ClinicFounded:
    clinic: ClinicId
    name: Name
    jurisdiction: Place
    zone: Zone
    languages: tuple[Language, ...]
    erasure_wait_days: int
    retention_floor_years: int


@event("identity.clinic-settings-changed", public=True)
class ClinicSettingsChanged:
    clinic: ClinicId
    name: Name
    zone: Zone
    languages: tuple[Language, ...]
    erasure_wait_days: int
    retention_floor_years: int


@event("identity.invitation-issued")
class InvitationIssued:
    """The token itself is never in an event; its hash is a plain row of identity."""

    invitation: Id
    clinic: ClinicId | None
    roles: tuple[Role, ...]
    expires: Instant
    inviter: Inviter
    email: Annotated[Sealed, Seal("invitation", "address")]


@event("identity.invitation-accepted")
class InvitationAccepted:
    invitation: Id
    account: Account


@event("identity.invitation-revoked")
class InvitationRevoked:
    invitation: Id
    by: GrantedBy


@event("identity.account-registered")
class AccountRegistered:
    """``locale`` and ``zone`` are those of staff; a client's are sealed in sessions."""

    account: Account
    locale: Language | None
    zone: Zone | None
    email: Address


@event("identity.email-confirmed")
class EmailConfirmed:
    account: Account


@event("identity.password-set")
class PasswordSet:
    account: Account


@event("identity.password-reset-asked")
class PasswordResetAsked:
    account: Account


@event("identity.membership-granted", public=True)
class MembershipGranted:
    """``clinic`` is none for a role in the network. ``name`` is the professional name that the person published."""

    membership: Id
    account: Account
    clinic: ClinicId | None
    role: Role
    since: Instant
    until: Instant | None
    name: Name
    granted_by: GrantedBy


@event("identity.membership-ended", public=True)
class MembershipEnded:
    membership: Id
    account: Account
    clinic: ClinicId | None
    role: Role
    at: Instant
    ended_by: GrantedBy


@event("identity.client-joined", public=True)
class ClientJoined:
    """The link from the account to this id is a plain row of identity; no event carries it."""

    client: Client
    clinic: ClinicId
    reference: Reference


@event("identity.client-left", public=True)
class ClientLeft:
    client: Client
    clinic: ClinicId
    at: Instant


@event("identity.signed-in")
class SignedIn:
    account: Account
    sid: Id
    method: SignInMethod
    acr: Acr
    address: Device
    device: Device


@event("identity.sign-in-refused")
class SignInRefused:
    """Only where the account is known; a try with an unknown address names nobody and is counted, not recorded."""

    account: Account
    reason: RefusedSignIn
    address: Device


@event("identity.signed-out")
class SignedOut:
    account: Account
    sid: Id


@event("identity.sign-ins-revoked", public=True)
class SignInsRevoked:
    """``sid`` none: every sign-in of the account until ``at``."""

    account: Account
    sid: Id | None
    reason: RevokedBecause
    at: Instant


@event("identity.notice-sent")
class NoticeSent:
    notice: Id
    template: Template
    count: int


@event("identity.notice-failed")
class NoticeFailed:
    notice: Id
    template: Template
    reason: Code


@event("identity.erasure-requested")
class ErasureRequested:
    erasure: Id
    client: Client
    clinic: ClinicId
    not_before: Instant


@event("identity.erasure-withdrawn")
class ErasureWithdrawn:
    erasure: Id
    client: Client
    clinic: ClinicId


@event("identity.erasure-ordered", public=True)
class ErasureOrdered:
    erasure: Id
    client: Client
    clinic: ClinicId
    not_before: Instant
    basis: Basis


@event("identity.erasure-answered", public=True)
class IdentityErasureAnswered:
    answer: ErasureAnswer


@event("identity.erasure-completed", public=True)
class ErasureCompleted:
    """``answers``: one code a service, such as ``sessions:erased``."""

    erasure: Id
    client: Client
    clinic: ClinicId
    answers: tuple[Code, ...]


@event("identity.legal-hold-placed", public=True)
class LegalHoldPlaced:
    hold: Id
    client: Client
    clinic: ClinicId
    basis: Basis
    by: Annotated[PersonId, Person("officer")]
    reason: Annotated[Sealed, Seal("client", "hold")]


@event("identity.legal-hold-lifted", public=True)
class LegalHoldLifted:
    hold: Id
    client: Client
    clinic: ClinicId
    by: Annotated[PersonId, Person("officer")]


@event("identity.operation-refused")
class IdentityOperationRefused:
    refusal: Refusal
