"""A client's words: for themselves; for their counselor, recorded; and who has looked at them."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping, and_, or_, select

from services.kernel.errors import NotFound
from services.kernel.http.paging import Page, PageRequest, encode_cursor
from services.kernel.ids import new_id
from services.kernel.reading import Shown
from services.kernel.service import Service
from services.kernel.work import Who
from services.sessions import streams
from services.sessions.consent import consent_items
from services.sessions.domain import consent, reading
from services.sessions.domain.client import DETAILS
from services.sessions.domain.consent import Given
from services.sessions.queries.names import names_of
from services.sessions.queries.sessions import sessions_of_pair
from services.sessions.readmodels.tables import client_words, clients, consents, joined, looks, notes

Ref = tuple[str, str]

# What may be shown, and the field it is sealed in. The phrase is not among it: it is compared, never shown.
_SHOWN: dict[str, str] = {name: name for name in DETAILS if name != "phrase"}
_SHOWN |= {"fallback_number": "number", "emergency_plan": "contact"}


def client_row(service: Service, client: str) -> RowMapping:
    """A client after the intake: clinic, place, version, reference. Raises ``NotFound``."""
    rows = clients.join(joined, joined.c.client == clients.c.client)
    columns = (clients.c.client, clients.c.clinic, clients.c.place, clients.c.version, joined.c.reference)
    found = service.query(select(*columns).select_from(rows).where(clients.c.client == client))
    if not found:
        raise NotFound("There is no intake of this client.", help="Do the intake first.")
    return found[0]


def clinic_of(service: Service, client: str) -> str | None:
    """The clinic of a client whom identity told of."""
    found = service.query(select(joined.c.clinic).where(joined.c.client == client))
    return found[0]["clinic"] if found else None


def own_details(service: Service, client: str, claimed: list[str]) -> tuple[dict[str, Any], int]:
    """What the clinic knows of the client who asks, and its version."""
    row = client_row(service, client)
    refs = _details(service, client)
    shown = service.reader.own(client, claimed, refs.values())
    words = {name: shown.text(*ref) for name, ref in refs.items()}
    answer = {"client": client, "clinic": row["clinic"], "reference": row["reference"], "jurisdiction": row["place"]}
    return answer | words | {"erased": _any_erased(shown, refs.values())}, row["version"]


def own_consents(service: Service, client: str) -> dict[str, Any]:
    """The client's answers, item by item, and which required ones are missing."""
    rows = service.query(select(consents).where(consents.c.client == client).order_by(consents.c.item))
    answers = {row["item"]: Given(row["version"], row["locale"], row["withdrawn"] is not None) for row in rows}
    force = {item.code for item in consent_items() if consent.in_force(item, answers)}
    items = [{**row, "in_force": row["item"] in force} for row in rows]
    return {"items": items, "missing": list(consent.missing(consent_items(), answers))}


def record(service: Service, who: Who, client: str, purpose: str) -> dict[str, Any]:
    """The client's record for their counselor: details, every note, and how the sessions of the two went. The look is
    recorded before it is shown."""
    code, row = reading.check_purpose(purpose), client_row(service, client)
    details = _details(service, client)
    signed = service.query(select(notes).where(notes.c.client == client).order_by(notes.c.time, notes.c.note))
    written: list[Ref] = [(each["event"], "text") for each in signed]
    met = [(session, _words(session)) for session in sessions_of_pair(service, who.actor, client)]
    told = [ref for _, ref in met if ref is not None]
    kinds = [*details, *("note" for _ in written), *("session" for _ in told)]
    refs = [*details.values(), *written, *told]
    look = reading.look(who.actor, "counselor", code, row["client"], kinds)
    shown = service.reader.show(who, streams.look(new_id()), look, refs, clinic=row["clinic"])
    return {
        "client": client,
        "reference": row["reference"],
        "erased": _any_erased(shown, refs),
        "jurisdiction": row["place"],
        "details": {name: shown.text(*ref) for name, ref in details.items()},
        "notes": [
            {**each, "signed": each["time"], "text": shown.text(*ref)}
            for each, ref in zip(signed, written, strict=True)
        ],
        "sessions": [{**session, "words": shown.text(*ref) if ref else None} for session, ref in met],
    }


def looks_at(service: Service, client: str, page: PageRequest) -> Page[dict[str, Any]]:
    """Who looked at this client's words, the newest first."""
    where = [looks.c.client == client]
    after = page.after(time=str, event=str)
    if after is not None:
        same = and_(looks.c.time == after["time"], looks.c.event < after["event"])
        where.append(or_(looks.c.time < after["time"], same))
    ordered = select(looks).where(*where).order_by(looks.c.time.desc(), looks.c.event.desc())
    rows = service.query(ordered.limit(page.limit + 1))
    shown, more = rows[: page.limit], len(rows) > page.limit
    names = names_of(service, {row["reader"] for row in shown})
    items = tuple({**row, "items": json.loads(row["items"]), "name": names.get(row["reader"])} for row in shown)
    return Page(items, encode_cursor(time=shown[-1]["time"], event=shown[-1]["event"]) if more else None)


def _details(service: Service, client: str) -> dict[str, Ref]:
    """Which event carries which detail that may be shown, in the order of the form."""
    rows = service.query(select(client_words).where(client_words.c.client == client))
    held = {row["field"]: row["event"] for row in rows}
    return {name: (held[field], field) for name, field in _SHOWN.items() if field in held}


def _words(session: dict[str, Any]) -> Ref | None:
    """Where it is sealed how a session went: the summary of its end, or the words about why it did not take place."""
    if session["words"] is None:
        return None
    return session["words"], "summary" if session["stage"] == "ended" else "words"


def _any_erased(shown: Shown, refs: Iterable[Ref]) -> bool:
    return any(shown.state(*ref) == "erased" for ref in refs)
