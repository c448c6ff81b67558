"""What the views of sessions share."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from flask import request
from sqlalchemy import RowMapping

from services.contracts.practice import Decision, Reason
from services.kernel.errors import NotFound
from services.kernel.http import serving
from services.kernel.http.app import context_of
from services.kernel.http.etag import etag, if_match
from services.kernel.http.policy import Target, authorise, caller
from services.kernel.http.serving import acting
from services.kernel.service import Answer, Once
from services.kernel.time import Instant
from services.kernel.work import Who
from services.sessions.api.schemas import ID
from services.sessions.context import Context
from services.sessions.domain.gate import GateReason
from services.sessions.queries.records import clinic_of
from services.sessions.queries.sessions import session_row, session_view
from services.sessions.words import sentence


def here() -> Context:
    return context_of(Context)


def authorise_client(client: str) -> str:
    """Hold the operation in hand to its row, for this client; their id again. Raises ``NotFound`` for what is no id."""
    ensure_id(client)
    authorise(Target(clinic=clinic_of(here().service, client), client=client))
    return client


def authorise_session(session: str) -> RowMapping:
    """Hold the operation in hand to its row, for this session; its row. Raises ``NotFound``."""
    ensure_id(session)
    row = session_row(here().service, session)
    authorise(Target(clinic=row["clinic"], client=row["client"], account=row["counselor"]))
    return row


def ensure_id(text: str) -> None:
    """Raises ``NotFound`` for text that no id of ours can be."""
    if re.fullmatch(ID, text) is None:
        raise NotFound("There is nothing by this id.", help="Check the address, or look it up in the list.")


def fresh() -> bool:
    """Whether what licensing told is young enough to book or start by."""
    context = here()
    return context.fresh_enough("licensing", context.service.clock())


def also_client(client: str) -> tuple[str, ...]:
    """The client ids that the caller has besides this one, by their token. They may be compared, never recorded."""
    mine = (membership.client for membership in caller().required().memberships)
    return tuple(each for each in mine if each is not None and each != client)


def acts_as_client(row: RowMapping) -> bool:
    """Whether who calls is the client of the session, and not somebody who works here."""
    return caller().is_client(row["client"])


def who_of(row: RowMapping) -> Who:
    """Who acts on a session: its client, or an account."""
    return acting(row["client"] if acts_as_client(row) else None)


def keyed_once(client: str | None = None) -> Once:
    """The Idempotency-Key of the request in hand; a ``client``'s is kept under the client."""
    return serving.keyed_once(here().service, client)


def created(place: str) -> Callable[[Any, Instant], Answer]:
    """201 with the address of the new thing, by its id."""
    return serving.created("sessions", place)


def created_at(place: str) -> Callable[[Any, Instant], Answer]:
    """201 with a known address."""
    return lambda _, __: Answer(201, f"/sessions/v1/{place}")


def version_if_named() -> int | None:
    """The version in If-Match, where the request names one."""
    return if_match() if "If-Match" in request.headers else None


def session_answer(session: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A session as it is now, with its version as ETag."""
    view, version = session_view(here().service, session)
    return view, {"ETag": etag(version)}


def decision_answer(decision: Decision) -> dict[str, Any]:
    """A decision with its reasons in words."""
    return {
        "verdict": decision.verdict,
        "reasons": reasons_answer(decision.reasons),
        "obligations": list(decision.obligations),
        "next_change_at": decision.next_change_at,
    }


def reasons_answer(reasons: Sequence[Reason | GateReason]) -> list[dict[str, str]]:
    """Reasons with their sentences."""
    return [
        {
            "code": reason.code,
            "sentence": sentence(reason.code),
            "about": reason.fact if isinstance(reason, Reason) else reason.about,
            "mender": reason.mender,
        }
        for reason in reasons
    ]
