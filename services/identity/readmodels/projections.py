"""How each event changes identity's tables. A projection reads nothing and opens no seal."""

from typing import Any

from services.contracts.audit import AuditErasureAnswered
from services.contracts.common import ErasureAnswer
from services.contracts.identity import (
    AccountRegistered,
    ClientJoined,
    ClientLeft,
    ClinicFounded,
    ClinicSettingsChanged,
    EmailConfirmed,
    ErasureCompleted,
    ErasureOrdered,
    ErasureRequested,
    ErasureWithdrawn,
    IdentityErasureAnswered,
    InvitationAccepted,
    InvitationIssued,
    InvitationRevoked,
    LegalHoldLifted,
    LegalHoldPlaced,
    MembershipEnded,
    MembershipGranted,
    NetworkFounded,
    SignInsRevoked,
)
from services.contracts.licensing import LicensingErasureAnswered
from services.contracts.sessions import ClinicOpened, SessionsErasureAnswered
from services.identity.readmodels.tables import (
    accounts,
    clients,
    clinics,
    erasure_answers,
    erasures,
    holds,
    invitations,
    memberships,
    networks,
    openings,
    revocations,
)
from services.kernel.events import Entry
from services.kernel.http.serving import revoke
from services.kernel.projections import Projections, Rows

PROJECTIONS = Projections()


@PROJECTIONS.on(NetworkFounded)
def _network_founded(entry: Entry[NetworkFounded], rows: Rows) -> None:
    event = entry.data
    rows.put(networks, network=event.network, name=event.name, languages=" ".join(event.languages), founded=entry.time)


@PROJECTIONS.on(ClinicFounded)
def _clinic_founded(entry: Entry[ClinicFounded], rows: Rows) -> None:
    event = entry.data
    rows.put(clinics, clinic=event.clinic, jurisdiction=event.jurisdiction, **_terms(event, entry.streamversion))


@PROJECTIONS.on(ClinicSettingsChanged)
def _clinic_changed(entry: Entry[ClinicSettingsChanged], rows: Rows) -> None:
    rows.update(clinics, {"clinic": entry.data.clinic}, **_terms(entry.data, entry.streamversion))


@PROJECTIONS.on(ClinicOpened)
def _clinic_opened(entry: Entry[ClinicOpened], rows: Rows) -> None:
    rows.add(openings, clinic=entry.data.clinic, at=entry.time)


@PROJECTIONS.on(AccountRegistered)
def _account_registered(entry: Entry[AccountRegistered], rows: Rows) -> None:
    event = entry.data
    rows.put(
        accounts, account=event.account, registered=entry.id, locale=event.locale, zone=event.zone, confirmed=False
    )


@PROJECTIONS.on(EmailConfirmed)
def _email_confirmed(entry: Entry[EmailConfirmed], rows: Rows) -> None:
    rows.update(accounts, {"account": entry.data.account}, confirmed=True)


@PROJECTIONS.on(MembershipGranted)
def _membership_granted(entry: Entry[MembershipGranted], rows: Rows) -> None:
    event = entry.data
    rows.put(
        memberships,
        membership=event.membership,
        account=event.account,
        clinic=event.clinic,
        role=event.role,
        name=event.name,
        since=event.since,
        until=event.until,
        ended=None,
    )


@PROJECTIONS.on(MembershipEnded)
def _membership_ended(entry: Entry[MembershipEnded], rows: Rows) -> None:
    rows.update(memberships, {"membership": entry.data.membership}, ended=entry.data.at)


@PROJECTIONS.on(InvitationIssued)
def _invitation_issued(entry: Entry[InvitationIssued], rows: Rows) -> None:
    event = entry.data
    rows.put(
        invitations,
        invitation=event.invitation,
        clinic=event.clinic,
        roles=" ".join(event.roles),
        expires=event.expires,
        inviter=event.inviter,
        issued=entry.id,
        answer=None,
    )


@PROJECTIONS.on(InvitationAccepted)
def _invitation_accepted(entry: Entry[InvitationAccepted], rows: Rows) -> None:
    rows.update(invitations, {"invitation": entry.data.invitation}, answer="accepted")


@PROJECTIONS.on(InvitationRevoked)
def _invitation_revoked(entry: Entry[InvitationRevoked], rows: Rows) -> None:
    rows.update(invitations, {"invitation": entry.data.invitation}, answer="revoked")


@PROJECTIONS.on(ClientJoined)
def _client_joined(entry: Entry[ClientJoined], rows: Rows) -> None:
    event = entry.data
    rows.put(clients, client=event.client, clinic=event.clinic, reference=event.reference, joined=entry.time, left=None)


@PROJECTIONS.on(ClientLeft)
def _client_left(entry: Entry[ClientLeft], rows: Rows) -> None:
    rows.update(clients, {"client": entry.data.client}, left=entry.data.at)


@PROJECTIONS.on(ErasureRequested)
def _erasure_requested(entry: Entry[ErasureRequested], rows: Rows) -> None:
    event = entry.data
    rows.put(
        erasures,
        erasure=event.erasure,
        client=event.client,
        clinic=event.clinic,
        state="requested",
        asked=entry.time,
        not_before=event.not_before,
        ordered=None,
        completed=None,
    )


@PROJECTIONS.on(ErasureWithdrawn)
def _erasure_withdrawn(entry: Entry[ErasureWithdrawn], rows: Rows) -> None:
    rows.update(erasures, {"erasure": entry.data.erasure}, state="withdrawn")


@PROJECTIONS.on(ErasureOrdered)
def _erasure_ordered(entry: Entry[ErasureOrdered], rows: Rows) -> None:
    rows.update(erasures, {"erasure": entry.data.erasure}, state="ordered", ordered=entry.time)


@PROJECTIONS.on(ErasureCompleted)
def _erasure_completed(entry: Entry[ErasureCompleted], rows: Rows) -> None:
    rows.update(erasures, {"erasure": entry.data.erasure}, state="completed", completed=entry.time)


@PROJECTIONS.on(IdentityErasureAnswered)
def _identity_answered(entry: Entry[IdentityErasureAnswered], rows: Rows) -> None:
    _answered("identity", entry.data.answer, rows)


@PROJECTIONS.on(LicensingErasureAnswered)
def _licensing_answered(entry: Entry[LicensingErasureAnswered], rows: Rows) -> None:
    _answered("licensing", entry.data.answer, rows)


@PROJECTIONS.on(SessionsErasureAnswered)
def _sessions_answered(entry: Entry[SessionsErasureAnswered], rows: Rows) -> None:
    _answered("sessions", entry.data.answer, rows)


@PROJECTIONS.on(AuditErasureAnswered)
def _audit_answered(entry: Entry[AuditErasureAnswered], rows: Rows) -> None:
    _answered("audit", entry.data.answer, rows)


@PROJECTIONS.on(LegalHoldPlaced)
def _hold_placed(entry: Entry[LegalHoldPlaced], rows: Rows) -> None:
    event = entry.data
    rows.put(
        holds,
        hold=event.hold,
        client=event.client,
        clinic=event.clinic,
        basis=event.basis,
        placed=entry.time,
        lifted=None,
    )


@PROJECTIONS.on(LegalHoldLifted)
def _hold_lifted(entry: Entry[LegalHoldLifted], rows: Rows) -> None:
    rows.update(holds, {"hold": entry.data.hold}, lifted=entry.time)


@PROJECTIONS.on(SignInsRevoked)
def _sign_ins_revoked(entry: Entry[SignInsRevoked], rows: Rows) -> None:
    revoke(rows, revocations, entry.data.sid or entry.data.account, entry.data.at)


def _answered(service: str, answer: ErasureAnswer, rows: Rows) -> None:
    """A service answers once, and again when what it had to keep may go: the last answer is the one that is true."""
    rows.put(
        erasure_answers,
        erasure=answer.erasure,
        service=service,
        kind=answer.kind,
        until=answer.until,
        basis=answer.basis,
        values=answer.values,
    )


def _terms(event: ClinicFounded | ClinicSettingsChanged, version: int) -> dict[str, Any]:
    return {
        "name": event.name,
        "zone": event.zone,
        "languages": " ".join(event.languages),
        "erasure_wait_days": event.erasure_wait_days,
        "retention_floor_years": event.retention_floor_years,
        "version": version,
    }
