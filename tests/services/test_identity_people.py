"""Inviting people, joining, and leaving, over HTTP."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.identity.commands.invitations import Accept, accept_invitation
from services.identity.domain.throttle import OF_ADDRESS
from services.identity.examples import JAKARTA, NADIA, OTTO, OWEN, PHOENIX, PHOENIX_PLACE, SARI, VERA, Person
from services.identity.passwords import Passwords
from services.kernel.http.tokens import Membership
from services.kernel.store.write import NameTaken
from services.kernel.work import Who
from tests.identity_house import V1, House, acceptance, at_once, new, text_of, token_in
from tests.world import ApiClient


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def clinic(house: House) -> str:
    return house.clinic(PHOENIX, PHOENIX_PLACE)


@pytest.fixture
def operator(house: House, clinic: str) -> ApiClient:
    return house.bearer(Membership(clinic, None, ("operator",)), account="an-operator")


def invite(by: ApiClient, clinic: str | None, person: Person, *roles: str) -> Any:
    return by.post(f"{V1}/invitations", {"clinic": clinic, "roles": list(roles), "email": person.email})


def joined(house: House, by: ApiClient, clinic: str | None, person: Person, *roles: str) -> str:
    assert invite(by, clinic, person, *roles).status_code == 201
    answer = house.anyone().post(f"{V1}/invitations/acceptances", acceptance(person, house.mailed_token()))
    assert answer.status_code == 201, answer.json
    return new(answer)


def test_an_invited_person_joins_and_is_seen_by_professional_name(
    house: House, clinic: str, operator: ApiClient
) -> None:
    account = joined(house, operator, clinic, NADIA, "counselor")
    me = house.signed_in(NADIA).get(f"{V1}/me").json
    assert me["memberships"] == [{"clinic": clinic, "client": None, "reference": None, "roles": ["counselor"]}]
    assert (me["locale"], me["zone"]) == (NADIA.locale, NADIA.zone)
    (person,) = operator.get(f"{V1}/clinics/{clinic}/people").json["items"]
    assert (person["account"], person["name"], person["memberships"][0]["role"]) == (account, NADIA.name, "counselor")
    network = house.anyone().get(f"{V1}/network").json
    assert (network["clinics"], network["counselors"]) == (1, 1)
    granted = house.events("membership-granted")[-1].data
    assert (granted.account, granted.granted_by) == (account, "an-operator")


def test_the_letter_tells_nothing_but_that_there_is_an_invitation(
    house: House, clinic: str, operator: ApiClient
) -> None:
    invite(operator, clinic, NADIA, "counselor")
    (letter,) = house.post_letters()
    assert letter["To"] == NADIA.email
    text = text_of(letter)
    assert PHOENIX.name not in text
    assert "counselor" not in text
    assert f"/identity/invitations?token={token_in(letter)}" in text
    assert house.events("notice-sent")[0].data.template == "invitation"
    assert house.post_letters() == []


def test_an_invitation_is_accepted_once_also_by_two_at_the_same_moment(
    house: House, clinic: str, operator: ApiClient
) -> None:
    invite(operator, clinic, NADIA, "counselor")
    body = acceptance(NADIA, house.mailed_token())
    answers: list[int] = []

    def accept() -> None:
        answers.append(house.anyone().post(f"{V1}/invitations/acceptances", body).status_code)

    threads = [threading.Thread(target=accept) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers)[0] == 201
    assert all(status in (409, 422) for status in sorted(answers)[1:])
    assert len(house.events("membership-granted")) == 1


def test_who_has_an_account_joins_a_second_clinic_with_its_password(
    house: House, operator: ApiClient, clinic: str
) -> None:
    account = joined(house, operator, clinic, NADIA, "counselor")
    second = house.clinic(JAKARTA)
    invite(house.bearer(Membership(second, None, ("operator",))), second, NADIA, "counselor")
    body = acceptance(NADIA, house.mailed_token())
    wrong = house.anyone().post(f"{V1}/invitations/acceptances", body | {"password": "something else entirely"})
    assert wrong.status_code == 401
    assert house.events("sign-in-refused")[-1].data.account == account
    right = house.anyone().post(f"{V1}/invitations/acceptances", body)
    assert (right.status_code, new(right)) == (201, account)
    clinics = {m["clinic"] for m in house.signed_in(NADIA).get(f"{V1}/me").json["memberships"]}
    assert clinics == {clinic, second}


def test_who_registered_the_address_of_somebody_else_keeps_nobody_from_joining(
    house: House, operator: ApiClient, clinic: str
) -> None:
    other = house.clinic(JAKARTA)
    thief = {"clinic": other, "email": NADIA.email.upper(), "password": "the thief knows this one"}
    assert house.anyone().post(f"{V1}/registrations", thief).status_code == 202
    stranger = house.mailed_token()
    account = joined(house, operator, clinic, NADIA, "counselor")
    me = house.signed_in(NADIA).get(f"{V1}/me").json
    assert (me["account"], me["email"], me["zone"]) == (account, NADIA.email, NADIA.zone)
    followed = house.anyone().post(f"{V1}/email-confirmations", {"token": stranger})
    assert followed.status_code == 422
    assert house.sign_in(NADIA, "the thief knows this one").status_code == 401


class Meanwhile(Passwords):
    """Hashing takes its time, and something happens in it."""

    def __init__(self, happen: Callable[[], object]) -> None:
        super().__init__()
        self.happen = happen

    def hash(self, password: str) -> str:
        self.happen()
        return super().hash(password)


def test_an_address_that_is_proven_at_the_moment_of_joining_is_not_replaced(
    house: House, operator: ApiClient, clinic: str
) -> None:
    order = {"clinic": clinic, "email": NADIA.email, "password": NADIA.password}
    house.anyone().post(f"{V1}/registrations", order)
    proof = house.mailed_token()
    invite(operator, clinic, NADIA, "counselor")
    body = acceptance(NADIA, house.mailed_token())
    service = house.built.service
    confirm = Meanwhile(lambda: house.anyone().post(f"{V1}/email-confirmations", {"token": proof}))
    with pytest.raises(NameTaken):
        service.do(Who("nobody"), accept_invitation, Accept(**body, source="source/x"), service.keys, confirm)
    assert house.anyone().post(f"{V1}/invitations/acceptances", body).status_code == 201
    (held,) = house.signed_in(NADIA).get(f"{V1}/me").json["memberships"]
    assert held["roles"] == ["client", "counselor"]


def test_who_takes_back_what_was_answered_is_told_what_to_do_instead(
    house: House, operator: ApiClient, clinic: str
) -> None:
    first, second = (new(invite(operator, clinic, person, "verifier")) for person in (NADIA, VERA))
    link = next(token_in(letter) for letter in house.post_letters() if letter["To"] == NADIA.email)
    house.anyone().post(f"{V1}/invitations/acceptances", acceptance(NADIA, link))
    assert "end the membership" in operator.delete(f"{V1}/invitations/{first}").json["help"]
    operator.delete(f"{V1}/invitations/{second}")
    assert "Nothing is left to do" in operator.delete(f"{V1}/invitations/{second}").json["help"]
    again = house.anyone().post(f"{V1}/invitations/acceptances", acceptance(NADIA, link))
    assert "sign in" in again.json["help"]


@pytest.mark.parametrize("wrong", [{}, {"roles": None}, {"roles": "counselor"}, {"roles": ["boss"]}, {"clinic": 5}])
def test_each_field_says_in_plain_words_what_to_send(operator: ApiClient, wrong: dict[str, Any]) -> None:
    answer = operator.post(f"{V1}/invitations", {"email": NADIA.email, "roles": ["counselor"]} | wrong if wrong else {})
    told = {error["detail"] for error in answer.json["errors"]}
    assert answer.status_code == 422
    assert all(words.startswith(("Fill in", "Send ", "There is no role of this name. Send one of: ")) for words in told)


def test_of_wrong_passwords_at_the_same_moment_no_more_are_looked_at_than_may_be_tried(
    house: House, operator: ApiClient, clinic: str
) -> None:
    joined(house, operator, clinic, NADIA, "counselor")
    second = house.clinic(JAKARTA)
    invite(house.bearer(Membership(second, None, ("operator",))), second, NADIA, "counselor")
    body = acceptance(NADIA, house.mailed_token()) | {"password": "something else entirely"}
    send = house.anyone().post
    statuses = at_once(12, lambda: send(f"{V1}/invitations/acceptances", body).status_code)
    assert sorted(set(statuses)) == [401, 429]
    assert statuses.count(401) <= OF_ADDRESS.free


def test_who_is_a_member_already_is_not_invited_to_the_same_role(
    house: House, operator: ApiClient, clinic: str
) -> None:
    joined(house, operator, clinic, NADIA, "counselor")
    again = invite(operator, clinic, NADIA, "counselor")
    assert (again.status_code, again.json["held"]) == (409, ["counselor"])
    assert invite(operator, clinic, NADIA, "operator").status_code == 201


@pytest.mark.parametrize("role", ["officer", "verifier"])
def test_nobody_grants_themselves_the_roles_that_watch(house: House, role: str) -> None:
    sari = house.found()
    clinic = house.clinic()
    answer = invite(sari, clinic, SARI, role)
    assert answer.status_code == 403
    assert role in answer.json["detail"]
    assert house.events("operation-refused")[-1].data.refusal.reason == "to-oneself"
    assert invite(sari, clinic, SARI, "counselor").status_code == 201


def test_an_operator_invites_into_their_own_clinic_alone(house: House, operator: ApiClient, clinic: str) -> None:
    other = house.clinic(JAKARTA)
    assert invite(operator, other, NADIA, "counselor").status_code == 403
    assert invite(operator, None, NADIA, "officer").status_code == 403
    officer = house.bearer(Membership(clinic, None, ("officer", "counselor", "verifier")))
    assert invite(officer, clinic, NADIA, "counselor").status_code == 403
    assert invite(house.bearer(network=("operator",)), other, NADIA, "counselor").status_code == 201


def test_roles_fit_where_they_are_given(house: House, operator: ApiClient, clinic: str) -> None:
    assert invite(operator, clinic, NADIA, "client").status_code == 422
    assert invite(operator, clinic, NADIA, "counselor", "counselor").status_code == 422
    network = house.bearer(network=("operator",))
    assert invite(network, None, NADIA, "counselor").status_code == 422
    assert invite(network, "no-such-clinic", NADIA, "counselor").status_code == 404


def test_an_invitation_is_pending_revoked_accepted_or_expired(house: House, operator: ApiClient, clinic: str) -> None:
    first, second, third = (new(invite(operator, clinic, p, "verifier")) for p in (NADIA, VERA, OTTO))
    tokens = {letter["To"]: token_in(letter) for letter in house.post_letters()}
    assert operator.delete(f"{V1}/invitations/{first}").status_code == 204
    assert operator.delete(f"{V1}/invitations/{first}").status_code == 409
    accept = house.anyone().post
    assert accept(f"{V1}/invitations/acceptances", acceptance(NADIA, tokens[NADIA.email])).status_code == 422
    assert accept(f"{V1}/invitations/acceptances", acceptance(VERA, tokens[VERA.email])).status_code == 201
    house.clock.advance(days=7)
    assert accept(f"{V1}/invitations/acceptances", acceptance(OTTO, tokens[OTTO.email])).status_code == 422
    later = house.bearer(Membership(clinic, None, ("operator",)))
    listed = later.get(f"{V1}/invitations", clinic=clinic).json["items"]
    assert {i["invitation"]: i["state"] for i in listed} == {first: "revoked", second: "accepted", third: "expired"}
    assert later.get(f"{V1}/invitations").status_code == 403  # those of the network


def test_the_end_of_a_membership_ends_the_sign_ins_of_the_person(
    house: House, operator: ApiClient, clinic: str
) -> None:
    account = joined(house, operator, clinic, NADIA, "counselor")
    nadia = house.signed_in(NADIA)
    membership = operator.get(f"{V1}/clinics/{clinic}/people").json["items"][0]["memberships"][0]["membership"]
    house.clock.advance(seconds=1)
    assert nadia.post(f"{V1}/memberships/{membership}/end").status_code == 403
    assert operator.post(f"{V1}/memberships/{membership}/end").status_code == 204
    assert operator.post(f"{V1}/memberships/{membership}/end").status_code == 409
    assert nadia.get(f"{V1}/me").status_code == 401
    revoked = house.events("sign-ins-revoked")[-1].data
    assert (revoked.account, revoked.sid, revoked.reason) == (account, None, "role_ended")
    house.clock.advance(seconds=1)
    assert house.signed_in(NADIA).get(f"{V1}/me").json["memberships"] == []
    assert operator.get(f"{V1}/clinics/{clinic}/people").json["items"] == []


def test_the_last_operator_of_the_network_stays(house: House) -> None:
    sari = house.found()
    first = house.events("membership-granted")[0].data.membership
    alone = sari.post(f"{V1}/memberships/{first}/end")
    assert alone.status_code == 409
    assert "last operator" in alone.json["detail"]
    joined(house, sari, None, OWEN, "operator")
    assert sari.post(f"{V1}/memberships/{first}/end").status_code == 204
    second = house.events("membership-granted")[1].data.membership
    house.clock.advance(seconds=1)
    assert house.signed_in(OWEN).post(f"{V1}/memberships/{second}/end").status_code == 409


def test_people_are_listed_for_those_who_work_there_alone(house: House, clinic: str) -> None:
    path = f"{V1}/clinics/{clinic}/people"
    for role, status in (("operator", 200), ("counselor", 200), ("verifier", 200), ("officer", 200), ("client", 403)):
        assert house.bearer(Membership(clinic, None, (role,))).get(path).status_code == status
    assert house.bearer(Membership("other", None, ("operator",))).get(path).status_code == 403
    assert house.anyone().get(path).status_code == 401
