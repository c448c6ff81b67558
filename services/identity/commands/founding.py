"""Founding the network, with a one-time link, and clinics in it."""

from dataclasses import dataclass, field

from services.contracts.identity import MembershipGranted
from services.identity import streams
from services.identity.address import Address, secret_hash
from services.identity.commands.accounts import open_account, set_password
from services.identity.domain import account as accounts
from services.identity.domain import clinic as clinics
from services.identity.domain import network as networks
from services.identity.domain.clinic import Terms
from services.identity.lookups import find_token
from services.identity.passwords import Passwords
from services.identity.readmodels import tokens
from services.kernel.errors import Forbidden
from services.kernel.fields import ClinicId, Id, Language, Name, PersonId, Place
from services.kernel.time import Zone, plus
from services.kernel.work import Work

FOUNDING_DAYS = 7


@dataclass(frozen=True, slots=True)
class Found:
    """Found the network; ``password`` is in its canonical form."""

    token: str = field(repr=False)
    name: Name
    languages: tuple[Language, ...]
    address: Address
    password: str = field(repr=False)
    professional_name: Name
    locale: Language
    zone: Zone


@dataclass(frozen=True, slots=True)
class FoundClinic:
    jurisdiction: Place
    terms: Terms


def keep_founding_secret(work: Work, secret: str) -> None:
    """Keep the hash of a new founding link; older ones end."""
    work.rows.delete(tokens, kind="founding")
    expires = plus(work.now, days=FOUNDING_DAYS)
    work.rows.insert(tokens, hash=secret_hash(secret), kind="founding", subject="", expires=expires)


def found_network(work: Work, order: Found, passwords: Passwords) -> PersonId:
    """Found the network. Who holds the link becomes its first operator; the link stands for the proof of address."""
    founder = PersonId(work.who.actor)
    state = work.load(streams.NETWORK, networks.evolve)
    if find_token(work, "founding", order.token, work.now) is None:
        raise _no_link(is_founded=state is not None)
    network = networks.found(state, work.new_id(), order.name, order.languages, founder)
    work.rows.delete(tokens, kind="founding")
    work.append(streams.NETWORK, network)
    open_account(work, founder, order.address, order.locale, order.zone)
    work.append(streams.account(founder), *accounts.confirm(accounts.Account(founder, order.locale, order.zone)))
    set_password(work, founder, passwords.hash(order.password))
    grant = MembershipGranted(
        membership=work.new_id(),
        account=founder,
        clinic=None,
        role="operator",
        since=work.now,
        until=None,
        name=order.professional_name,
        granted_by=founder,
    )
    work.append(streams.membership(grant.membership), grant)
    return founder


def _no_link(*, is_founded: bool) -> Forbidden:
    if is_founded:
        return Forbidden(
            "The network was founded already, so no founding link holds any more.",
            help="Sign in if you founded it. Otherwise ask one of its operators for an invitation.",
        )
    return Forbidden(
        "This founding link does not hold any more, or never did.",
        help="Each link works once and for 7 days, and a new one ends it. Print a new one: amanah founding-link",
    )


def found_clinic(work: Work, order: FoundClinic) -> Id:
    clinic = work.new_id()
    founded = clinics.found(ClinicId(clinic), order.jurisdiction, order.terms)
    work.append(streams.clinic(clinic), founded, clinic=clinic)
    return clinic


def change_clinic(work: Work, clinic: str, terms: Terms) -> int:
    """Change a clinic's settings at the version that the person named; the version after."""
    state = work.need(streams.clinic(clinic), clinics.evolve, "clinic")
    work.expect(streams.clinic(clinic))
    work.append(streams.clinic(clinic), *clinics.change(state, terms), clinic=clinic)
    return work.version(streams.clinic(clinic))
