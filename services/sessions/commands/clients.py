"""What a client tells their clinic: the intake, changes of it, consents, the fallback."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select

from services.contracts.sessions import (
    ClientDetailsChanged,
    ClientEnrolled,
    ConsentGiven,
    ConsentWithdrawn,
    EmergencyPlanSet,
    FallbackAgreed,
)
from services.contracts.vocabulary import Modality
from services.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from services.kernel.fields import ClinicId, Code, Language, PersonId, Place, Sealed, seal
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.commands.judging_again import judge_again
from services.sessions.consent import consent_items
from services.sessions.domain import client as clients
from services.sessions.domain import consent, identity_check
from services.sessions.domain.client import Client
from services.sessions.queries.coming import coming
from services.sessions.queries.judging import News
from services.sessions.queries.states import enrolled_client, ensure_here, load_client, need_client, need_session
from services.sessions.readmodels.tables import joined, opened


@dataclass(frozen=True, slots=True)
class Intake:
    """The answers of the intake; ``details`` by the names of ``domain.client.DETAILS``."""

    client: PersonId
    jurisdiction: Place
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """New answers; what is not named stays. An emergency contact holds for the place named with it, else the known."""

    client: PersonId
    jurisdiction: Place | None
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GiveConsent:
    client: PersonId
    item: str
    version: int
    locale: Language


def do_intake(work: Work, order: Intake) -> None:
    """The client enrols in the clinic in which identity made their id."""
    stream = streams.client(order.client)
    ensure_here(work, order.client)
    clients.ensure_new(load_client(work, order.client))
    clinic = _clinic_of(work, order.client)
    _check(work, order.details)
    sealed = _sealed(order.details)
    enrolled = ClientEnrolled(
        client=order.client,
        clinic=clinic,
        present=_codes(order.details),
        jurisdiction=order.jurisdiction,
        name=sealed["name"],
        birth_date=sealed["birth_date"],
        city=sealed.get("city"),
        zone=sealed["zone"],
        language=sealed["language"],
        phone=sealed.get("phone"),
        emergency_contact=sealed["emergency_contact"],
        phrase=sealed["phrase"],
    )
    plan = _plan(order.client, clinic, order.jurisdiction, order.details["emergency_contact"])
    work.append(stream, enrolled, plan, clinic=clinic)


def change_details(work: Work, order: Change) -> None:
    """The client corrects or adds details. A new emergency contact makes a new emergency plan; another place or birth
    date has the coming sessions judged again."""
    stream = streams.client(order.client)
    known = need_client(work, order.client)
    work.expect(stream)
    if not order.details and order.jurisdiction is None:
        raise Invalid("Nothing was changed.", help="Send the details that are to change.")
    _check(work, order.details)
    if "phrase" in order.details:
        sessions = (need_session(work, each) for each in coming(work, client=order.client))
        identity_check.ensure_changeable(any(each.is_open(work.now) for each in sessions))
    sealed = _sealed(order.details)
    changed = ClientDetailsChanged(
        client=order.client,
        clinic=known.clinic,
        changed=_codes(order.details),
        jurisdiction=order.jurisdiction,
        **{name: sealed.get(name) for name in clients.DETAILS},
    )
    work.append(stream, changed, clinic=known.clinic)
    contact = order.details.get("emergency_contact")
    if contact is not None:
        place = order.jurisdiction or known.place
        work.append(stream, _plan(order.client, known.clinic, place, contact), clinic=known.clinic)
    _judge_again(work, known, order)


def give_consent(work: Work, order: GiveConsent) -> None:
    """The client agrees to one item, in the very text that was shown."""
    known = need_client(work, order.client)
    item = consent.find_item(consent_items(), order.item)
    consent.ensure_shown(item, order.version, order.locale)
    given = ConsentGiven(
        client=order.client,
        clinic=known.clinic,
        item=Code(item.code),
        text_version=item.version,
        locale=order.locale,
        text_hash=item.text_hash(order.locale),
        method="own_click",
    )
    work.append(streams.client(order.client), given, clinic=known.clinic)


def withdraw_consent(work: Work, client: PersonId, code: str) -> None:
    """The client takes a consent back; from now on it is not in force. Nobody is too late for that (GDPR art. 7(3))."""
    known = enrolled_client(work, client)
    given = known.consents.get(code)
    if given is None:
        raise NotFound("You have not given this consent.", help="Your consents are listed at /consents.")
    if given.withdrawn:
        raise Conflict("You have taken this consent back already.", help="There is nothing more to do.")
    withdrawn = ConsentWithdrawn(client=client, clinic=known.clinic, item=Code(code))
    work.append(streams.client(client), withdrawn, clinic=known.clinic)


def agree_fallback(work: Work, client: PersonId, modality: Modality, number: str) -> None:
    """Client and clinic agree on the other way for when technology fails."""
    stream = streams.client(client)
    known = need_client(work, client)
    work.expect(stream)
    agreed = FallbackAgreed(client=client, clinic=known.clinic, modality=modality, number=seal(number))
    work.append(stream, agreed, clinic=known.clinic)


def _judge_again(work: Work, known: Client, order: Change) -> None:
    birth_date = order.details.get("birth_date")
    if birth_date is not None or order.jurisdiction is not None:
        changed = replace(known, place=order.jurisdiction or known.place)
        judge_again(work, coming(work, client=order.client), News(client=changed, birth_date=birth_date))


def _clinic_of(work: Work, client: PersonId) -> ClinicId:
    """The clinic of a client whom identity told of, and whose clinic has its key; else a little patience helps."""
    known = joined.join(opened, opened.c.clinic == joined.c.clinic)
    found = work.query(select(joined.c.clinic).select_from(known).where(joined.c.client == client))
    if not found:
        raise Unavailable(
            "Your place in this clinic is being prepared.", help="Try again in a few seconds.", retry_after=2
        )
    return ClinicId(found[0]["clinic"])


def _check(work: Work, details: Mapping[str, str]) -> None:
    if "birth_date" in details:
        clients.check_birth_date(details["birth_date"], work.now, details.get("zone", "UTC"))
    if "phrase" in details:
        identity_check.check_new(details["phrase"])


def _sealed(details: Mapping[str, str]) -> dict[str, Sealed]:
    return {name: seal(words) for name, words in details.items()}


def _codes(details: Mapping[str, str]) -> tuple[Code, ...]:
    return tuple(Code(name) for name in clients.fields_given(details))


def _plan(client: PersonId, clinic: ClinicId, place: Place, contact: str) -> EmergencyPlanSet:
    return EmergencyPlanSet(client=client, clinic=clinic, jurisdiction=place, contact=seal(contact))
