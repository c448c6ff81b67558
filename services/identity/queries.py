"""The questions that identity answers, as plain dicts in the shape of the API."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select

from services.identity.domain.invitation import state_of
from services.identity.lookups import account_row, clinic_row, in_force_at, links_of, memberships_of
from services.identity.readmodels import (
    clients,
    clinics,
    erasure_answers,
    erasures,
    holds,
    invitations,
    memberships,
    networks,
    openings,
    sign_ins,
)
from services.kernel.errors import NotFound
from services.kernel.http.paging import Page, PageRequest, encode_cursor
from services.kernel.http.tokens import Membership
from services.kernel.service import Service

Row = dict[str, Any]


def network(service: Service) -> Row:
    """The network's name, whether it was founded, and how many clinics and counselors it has now."""
    in_force = in_force_at(service.clock())
    counselors = select(func.count(memberships.c.account.distinct())).where(memberships.c.role == "counselor", in_force)
    counted = service.query(
        select(
            select(func.count()).select_from(clinics).scalar_subquery().label("clinics"),
            counselors.scalar_subquery().label("counselors"),
        )
    )[0]
    found = service.query(select(networks))
    name, languages = (found[0]["name"], found[0]["languages"].split()) if found else (None, [])
    return {"founded": bool(found), "name": name, "languages": languages, **counted}


def list_clinics(service: Service, page: PageRequest) -> Page[Row]:
    """All clinics by name."""
    where = _after((clinics.c.name, clinics.c.clinic), page.after(name=str, clinic=str))
    statement = select(clinics, openings.c.at).outerjoin(openings, openings.c.clinic == clinics.c.clinic).where(where)
    rows = service.query(statement.order_by(clinics.c.name, clinics.c.clinic).limit(page.limit + 1))
    shown = [_clinic(row, row["at"] is not None) for row in rows]
    return _page(shown, page.limit, name="name", clinic="clinic")


def read_clinic(service: Service, clinic: str) -> tuple[Row, int]:
    """A clinic and its version. Raises ``NotFound``."""
    row = clinic_row(service, clinic)
    opened = bool(service.query(select(openings.c.at).where(openings.c.clinic == clinic)))
    return _clinic(row, opened), row["version"]


def standing(service: Service, account: str) -> tuple[tuple[Membership, ...], tuple[str, ...]]:
    """What an account is, for its token: roles in clinics and the clients it is, and roles in the network."""
    roles: dict[str | None, list[str]] = defaultdict(list)
    for row in memberships_of(service, account, service.clock()):
        roles[row["clinic"]].append(row["role"])
    network_roles = tuple(sorted(set(roles.pop(None, []))))
    found = {clinic: link["client"] for link in links_of(service, account) if (clinic := link["clinic"])}
    for clinic in found:
        roles[clinic].append("client")
    return tuple(Membership(c, found.get(c or ""), tuple(sorted(set(r)))) for c, r in roles.items()), network_roles


def language_and_zone(service: Service, account: str) -> tuple[str, str]:
    """In which language and zone to show things: their own for staff, for a client those of their clinic."""
    row = account_row(service, account)
    if row is not None and row["locale"] and row["zone"]:
        return row["locale"], row["zone"]
    links = links_of(service, account)
    if not links:
        return "en", "UTC"
    clinic = clinic_row(service, links[0]["clinic"])
    return clinic["languages"].split()[0], clinic["zone"]


def me(service: Service, account: str) -> Row:
    """What a person sees of themselves; one's own e-mail needs no entry in the trail."""
    held, network_roles = standing(service, account)
    locale, zone = language_and_zone(service, account)
    row = account_row(service, account)
    registered = row["registered"] if row else None
    own = service.reader.own(account, [account], [(registered, "email")] if registered else [])
    names = {m["name"]: None for m in memberships_of(service, account, service.clock())}
    return {
        "account": account,
        "email": own.text(registered, "email"),
        "professional_names": list(names),
        "locale": locale,
        "zone": zone,
        "memberships": [membership(service, m) for m in held],
        "network_roles": list(network_roles),
    }


def membership(service: Service, held: Membership) -> Row:
    """A membership of a token, with the client's reference, which a person may quote."""
    found = service.query(select(clients.c.reference).where(clients.c.client == held.client)) if held.client else []
    reference = found[0]["reference"] if found else None
    return {"clinic": held.clinic, "client": held.client, "reference": reference, "roles": list(held.roles)}


def people(service: Service, clinic: str) -> list[Row]:
    """Who works in a clinic now, by professional name."""
    clinic_row(service, clinic)
    here = (memberships.c.clinic == clinic, in_force_at(service.clock()))
    rows = service.query(select(memberships).where(*here).order_by(memberships.c.membership))
    found: dict[str, Row] = {}
    for row in rows:
        person = found.setdefault(row["account"], {"account": row["account"], "name": row["name"], "memberships": []})
        person["memberships"].append({key: row[key] for key in ("membership", "role", "since", "until")})
    return sorted(found.values(), key=lambda person: (person["name"].casefold(), person["account"]))


def list_invitations(service: Service, clinic: str | None, page: PageRequest) -> Page[Row]:
    """The invitations of a clinic, or of the network, newest first; to whom is not shown, it is sealed."""
    after = page.after(invitation=str)
    where = [invitations.c.clinic == clinic]
    if after is not None:
        where.append(invitations.c.invitation < after["invitation"])
    statement = select(invitations).where(*where).order_by(invitations.c.invitation.desc()).limit(page.limit + 1)
    now = service.clock()
    shown = [
        {
            "invitation": row["invitation"],
            "clinic": row["clinic"],
            "roles": row["roles"].split(),
            "state": state_of(row["answer"], row["expires"], now),
            "expires": row["expires"],
            "inviter": row["inviter"],
        }
        for row in service.query(statement)
    ]
    return _page(shown, page.limit, invitation="invitation")


def clinic_of_invitation(service: Service, invitation: str) -> str | None:
    row = _one(service, select(invitations.c.clinic).where(invitations.c.invitation == invitation), "invitation")
    return None if row["clinic"] is None else str(row["clinic"])


def clinic_of_membership(service: Service, membership: str) -> str | None:
    row = _one(service, select(memberships.c.clinic).where(memberships.c.membership == membership), "membership")
    return None if row["clinic"] is None else str(row["clinic"])


def sign_in_row(service: Service, sid: str) -> RowMapping:
    return _one(service, select(sign_ins).where(sign_ins.c.sid == sid), "sign-in")


def erasure_row(service: Service, erasure: str) -> RowMapping:
    return _one(service, select(erasures).where(erasures.c.erasure == erasure), "erasure")


def hold_row(service: Service, hold: str) -> RowMapping:
    return _one(service, select(holds).where(holds.c.hold == hold), "hold")


def erasures_of(service: Service, client: str) -> Row:
    """Every wish of a client to be erased, newest first, with what each service answered; and what is held."""
    rows = service.query(select(erasures).where(erasures.c.client == client).order_by(erasures.c.erasure.desc()))
    held = service.query(select(holds).where(holds.c.client == client, holds.c.lifted.is_(None)))
    ids = [row["erasure"] for row in rows]
    answers = defaultdict(list)
    for answer in service.query(
        select(erasure_answers).where(erasure_answers.c.erasure.in_(ids)).order_by(erasure_answers.c.service)
    ):
        answers[answer["erasure"]].append({k: answer[k] for k in ("service", "kind", "until", "basis", "values")})
    shown = ("erasure", "state", "asked", "not_before", "ordered", "completed")
    return {
        "items": [{key: row[key] for key in shown} | {"answers": answers[row["erasure"]]} for row in rows],
        "holds": [{key: row[key] for key in ("hold", "basis", "placed")} for row in held],
    }


def _one(service: Service, statement: Any, what: str) -> RowMapping:
    found = service.query(statement)
    if not found:
        raise NotFound(f"There is no {what} by this id.", help="Check the address, or look it up in the list.")
    return found[0]


def _clinic(row: RowMapping, opened: bool) -> Row:
    keys = ("clinic", "name", "jurisdiction", "zone", "erasure_wait_days", "retention_floor_years")
    return {key: row[key] for key in keys} | {"languages": row["languages"].split(), "opened": opened}


def _after(columns: tuple[Any, Any], key: dict[str, Any] | None) -> ColumnElement[bool]:
    """Rows behind the sort key of the last page, by two columns."""
    first, second = columns
    if key is None:
        return and_(True)
    return or_(first > key["name"], and_(first == key["name"], second > key["clinic"]))


def _page(rows: list[Row], limit: int, **cursor: str) -> Page[Row]:
    """The rows of a page, of which one more than shown was asked; ``cursor`` names the sort key's columns."""
    shown = rows[:limit]
    if len(rows) <= limit:
        return Page(tuple(shown))
    return Page(tuple(shown), encode_cursor(**{name: shown[-1][key] for name, key in cursor.items()}))
