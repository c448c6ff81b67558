"""What nobody needs any more goes by itself: addresses of invitations that ended, and accounts that are nobody."""

from pathlib import Path

import pytest
from sqlalchemy import select

from services.identity.commands.forgetting import forget_nobody
from services.identity.commands.invitations import Accept, accept_invitation
from services.identity.commands.registration import prove_address
from services.identity.examples import DEWI, NADIA, OTTO, OWEN, PHOENIX, PHOENIX_PLACE, VERA, Person
from services.identity.forgetting import sweep
from services.identity.lookups import EMAIL
from services.identity.posting import SELF
from services.identity.readmodels import letters, passwords, throttles, tokens
from services.kernel.http.tokens import Membership
from services.kernel.sealer import Gone
from services.kernel.store.tables import data_keys, fences, names
from services.kernel.store.write import NameTaken
from services.kernel.work import Who, Work
from tests.identity_house import V1, House, acceptance, new, token_in


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def clinic(house: House) -> str:
    return house.clinic(PHOENIX, PHOENIX_PLACE)


def keyholders(house: House) -> set[str]:
    return {row["keyholder"] for row in house.built.service.query(select(data_keys.c.keyholder))}


def register(house: House, clinic: str, person: Person = DEWI) -> str:
    """The token of the letter."""
    body = {"clinic": clinic, "email": person.email, "password": person.password}
    assert house.anyone().post(f"{V1}/registrations", body).status_code == 202
    return house.mailed_token()


def test_the_address_of_an_invitation_goes_when_it_was_answered_or_has_expired(house: House, clinic: str) -> None:
    operator = house.bearer(Membership(clinic, None, ("operator",)))
    order = {"clinic": clinic, "roles": ["verifier"]}
    people = (NADIA, VERA, OTTO, OWEN)
    made = [new(operator.post(f"{V1}/invitations", order | {"email": person.email})) for person in people]
    accepted, revoked, _, waiting = made
    links = {letter["To"]: token_in(letter) for letter in house.post_letters()}
    house.anyone().post(f"{V1}/invitations/acceptances", acceptance(NADIA, links[NADIA.email]))
    operator.delete(f"{V1}/invitations/{revoked}")
    sweep(house.built.service)
    assert keyholders(house) & set(made) == set(made) - {accepted, revoked}
    house.clock.advance(days=7, hours=23)
    sweep(house.built.service)
    assert waiting in keyholders(house)
    house.clock.advance(hours=1)
    sweep(house.built.service)
    assert not keyholders(house) & set(made)
    issued = [(entry.id, "email") for entry in house.events("invitation-issued")]
    assert set(house.built.service.reader.for_decision(issued).values()) == {Gone.ERASED}
    later = house.bearer(Membership(clinic, None, ("operator",)))
    listed = later.get(f"{V1}/invitations", clinic=clinic).json["items"]
    assert sorted(item["state"] for item in listed) == ["accepted", "expired", "expired", "revoked"]
    assert house.sign_in(NADIA).status_code == 201


def test_an_address_that_was_never_proven_goes_with_everything_when_its_link_is_over(house: House, clinic: str) -> None:
    register(house, clinic)
    house.sign_in(DEWI)
    service = house.built.service
    house.clock.advance(days=2)
    sweep(service)
    assert len(keyholders(house)) == 1  # an expired link rests for a day
    house.clock.advance(days=1)
    sweep(service)
    assert keyholders(house) == set()
    for table in (tokens, letters, passwords):
        assert service.query(select(table)) == []
    assert service.query(select(names).where(names.c.scope.in_((EMAIL, "try")))) == []
    assert {row["name"].split("/")[0] for row in service.query(select(throttles))} <= {"source", "requests"}
    sweep(service)
    assert len(service.query(select(fences))) == 1
    assert house.join(DEWI, clinic)  # as somebody new


def test_an_account_that_was_proven_and_never_joined_goes_too(house: House, clinic: str) -> None:
    house.built.service.do(Who("nobody"), prove_address, register(house, clinic))
    assert house.sign_in(DEWI).status_code == 201
    house.clock.advance(days=3)
    sweep(house.built.service)
    assert keyholders(house) == set()
    assert house.sign_in(DEWI).status_code == 401


@pytest.fixture
def nobody_yet(house: House, clinic: str) -> tuple[str, str]:
    """Dewi, who proved her address and never joined, and is invited now: her account, and the invitation's token."""
    house.built.service.do(Who("nobody"), prove_address, register(house, clinic))
    (account,) = keyholders(house)
    house.clock.advance(days=3)
    operator = house.bearer(Membership(clinic, None, ("operator",)))
    new(operator.post(f"{V1}/invitations", {"clinic": clinic, "roles": ["counselor"], "email": DEWI.email}))
    return account, house.mailed_token()


def accept(house: House, token: str) -> str:
    return new(house.anyone().post(f"{V1}/invitations/acceptances", acceptance(DEWI, token)))


@pytest.mark.parametrize("when", ["before it is looked at", "before it is written"])
def test_a_nobody_who_accepts_an_invitation_while_the_sweep_runs_stays(
    house: House, nobody_yet: tuple[str, str], when: str
) -> None:
    account, token = nobody_yet

    def sweep_it(work: Work) -> None:
        forget_nobody(work, account)
        if when == "before it is written":
            accept(house, token)

    if when == "before it is looked at":
        accept(house, token)
    with pytest.raises(NameTaken):
        house.built.service.do(SELF, sweep_it)
    me = house.signed_in(DEWI).get(f"{V1}/me").json
    assert (me["account"], me["email"], me["professional_names"]) == (account, DEWI.email, [DEWI.name])


def test_who_accepts_an_invitation_while_their_account_ends_is_asked_again_and_is_somebody_new(
    house: House, nobody_yet: tuple[str, str]
) -> None:
    account, token = nobody_yet
    service = house.built.service
    order = Accept(token, DEWI.password, DEWI.name, DEWI.locale, DEWI.zone, "source")

    def too_late(work: Work) -> None:
        accept_invitation(work, order, service.keys, house.context.passwords)
        sweep(service)

    with pytest.raises(NameTaken):
        service.do(Who("nobody"), too_late)
    assert accept(house, token) != account
    assert house.signed_in(DEWI).get(f"{V1}/me").json["professional_names"] == [DEWI.name]


def test_who_is_client_or_works_or_worked_here_or_has_a_letter_on_its_way_stays(house: House, clinic: str) -> None:
    house.found()
    house.join(DEWI, clinic)
    body = {"clinic": clinic, "email": OTTO.email, "password": OTTO.password}
    house.anyone().post(f"{V1}/registrations", body)  # its letter waits
    before = keyholders(house)
    house.clock.advance(days=400)
    sweep(house.built.service)
    assert keyholders(house) == before
    assert len(before) == 3
