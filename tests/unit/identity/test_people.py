"""Invitations, memberships, accounts, clinics and passwords: what identity decides about people."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import AccountRegistered, MembershipGranted
from services.identity.domain import account, clinic, invitation, membership, network, password
from services.identity.examples import JAKARTA, JAKARTA_PLACE, LANGUAGES, NETWORK, PHOENIX
from services.kernel.errors import Conflict, Forbidden, Invalid
from services.kernel.fields import ClinicId, Id, Name, PersonId, Sealed
from services.kernel.time import Instant, plus

NOON = Instant("2026-11-24T12:00:00.000000Z")
SEALED = Sealed("0" * 64)
SARI, OWEN = PersonId("sari"), PersonId("owen")
C1 = ClinicId("c1")


def pending(roles: tuple[str, ...] = ("counselor",)) -> invitation.Invitation:
    issued = invitation.issue(Id("i1"), C1, roles, SARI, SEALED, NOON)  # type: ignore[arg-type]
    state = invitation.evolve(None, issued)
    assert state is not None
    return state


def test_a_network_is_founded_once() -> None:
    event = network.found(None, Id("n1"), NETWORK, LANGUAGES, SARI)
    with pytest.raises(Conflict, match="founded already"):
        network.found(network.evolve(None, event), Id("n2"), NETWORK, LANGUAGES, OWEN)


def test_the_same_settings_change_nothing_and_a_clinic_keeps_its_jurisdiction() -> None:
    state = clinic.evolve(None, clinic.found(C1, JAKARTA_PLACE, JAKARTA))
    assert state is not None
    assert clinic.change(state, JAKARTA) == ()
    (changed,) = clinic.change(state, replace(PHOENIX, name=Name("Klinik Baru")))
    after = clinic.evolve(state, changed)
    assert after is not None
    assert (after.terms.name, after.jurisdiction) == ("Klinik Baru", JAKARTA_PLACE)


def test_an_address_is_proven_once() -> None:
    registered = AccountRegistered(account=SARI, locale=None, zone=None, email=SEALED)
    state = account.evolve(None, registered)
    assert state is not None
    (confirmed,) = account.confirm(state)
    proven = account.evolve(state, confirmed)
    assert proven is not None
    assert account.confirm(proven) == ()


@given(st.integers(0, 14 * 86_400))
def test_an_invitation_holds_for_seven_days_to_the_second(seconds: int) -> None:
    now = plus(NOON, seconds=seconds)
    if seconds < 7 * 86_400:
        assert invitation.accept(pending(), OWEN, now).account == OWEN
    else:
        with pytest.raises(Conflict, match="expired"):
            invitation.accept(pending(), OWEN, now)


@pytest.mark.parametrize("end", ["accepted", "revoked"])
def test_an_invitation_is_answered_once(end: str) -> None:
    event = invitation.accept(pending(), OWEN, NOON) if end == "accepted" else invitation.revoke(pending(), SARI, NOON)
    after = invitation.evolve(pending(), event)
    assert after is not None
    for again in (invitation.accept, invitation.revoke):
        with pytest.raises(Conflict) as told:
            again(after, OWEN, NOON)
        assert told.value.extra["state"] == end


@pytest.mark.parametrize(
    ("where", "roles"),
    [(C1, ()), (C1, ("client",)), (C1, ("operator", "operator")), (None, ("counselor",)), (None, ("guardian",))],
)
def test_roles_that_cannot_be_given_are_refused(where: ClinicId | None, roles: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match="cannot be given"):
        invitation.issue(Id("i1"), where, roles, SARI, SEALED, NOON)  # type: ignore[arg-type]


def test_nobody_makes_themselves_officer_or_verifier_and_others_may() -> None:
    for role in ("officer", "verifier"):
        with pytest.raises(Forbidden, match=role):
            membership.ensure_not_to_oneself(("counselor", role), SARI, SARI)
    membership.ensure_not_to_oneself(("officer", "verifier"), SARI, OWEN)
    membership.ensure_not_to_oneself(("operator", "counselor"), SARI, SARI)
    membership.ensure_not_to_oneself(("officer",), SARI, None)


def granted(role: str, where: ClinicId | None) -> membership.Membership:
    event = MembershipGranted(
        membership=Id("m1"),
        account=OWEN,
        clinic=where,
        role=role,  # type: ignore[arg-type]
        since=NOON,
        until=None,
        name=Name("Owen Begay"),
        granted_by=SARI,
    )
    state = membership.evolve(None, event)
    assert state is not None
    return state


def test_a_membership_ends_once_and_the_last_operator_of_the_network_stays() -> None:
    ended = membership.end(granted("operator", C1), NOON, SARI, 1)
    after = membership.evolve(granted("operator", C1), ended)
    assert after is not None
    with pytest.raises(Conflict, match="ended already"):
        membership.end(after, NOON, SARI, 1)
    with pytest.raises(Conflict, match="last operator"):
        membership.end(granted("operator", None), NOON, SARI, 1)
    assert membership.end(granted("operator", None), NOON, SARI, 2).role == "operator"
    assert membership.end(granted("officer", None), NOON, SARI, 1).role == "officer"


@given(st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=15, max_size=64))
def test_long_passwords_of_any_kind_of_characters_are_allowed(text: str) -> None:
    canonical = unicodedata.normalize("NFC", text)
    if len(canonical) < 15 or len(set(canonical.casefold())) < 5 or canonical.casefold() in password.BLOCKED:
        return
    assert password.check(text) == canonical


def test_a_password_is_the_same_however_its_accents_are_typed() -> None:
    assert password.check("une forêt près d’ici") == password.check(
        unicodedata.normalize("NFD", "une forêt près d’ici")
    )


@pytest.mark.parametrize("text", ["fourteen chars", "a" * 257, "abababababababab", "Correct Horse Battery Staple"])
def test_passwords_that_are_short_endless_or_known_are_refused(text: str) -> None:
    with pytest.raises(Invalid) as told:
        password.check(text)
    assert told.value.errors[0].pointer == "/password"
