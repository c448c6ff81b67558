"""What tests of the services share: settings in a folder, a clock to turn, tokens, events from outside, a client.

Everything here is real: tokens are signed with the installation's own key, events travel as bytes with a chain that
fits, and the stores were made by the migrations. Migrated stores are kept once a run as templates and copied, because
a test asks for a fresh one in milliseconds.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from flask import Flask
from flask.testing import FlaskClient

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.codec import encode, put_commitments
from services.kernel.events import Entry, event_type
from services.kernel.fields import ClinicId, Id, Words
from services.kernel.http import tokens
from services.kernel.http.tokens import Claims, Membership
from services.kernel.ids import new_id
from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.keys.port import Keys
from services.kernel.listening import Listener
from services.kernel.log.consumer import Position
from services.kernel.log.port import Message
from services.kernel.parts import found_keyring
from services.kernel.settings import SERVICES, Settings, load_settings
from services.kernel.store.opening import migrate
from services.kernel.time import Instant, instant, moment, plus

NOON = Instant("2026-11-24T12:00:00.000000Z")
OUTSIDE = "0190a1b2-0000-7000-8000-0000000000aa"  # the incarnation of stores that exist in tests alone


class Clockwork:
    """A clock that stands until it is turned."""

    def __init__(self, now: Instant = NOON) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def advance(self, **span: float) -> Instant:
        """Turn it on by ``timedelta(**span)``; the new time."""
        self.now = plus(self.now, **span)
        return self.now

    def set(self, at: Instant) -> Instant:
        self.now = at
        return at


def service_settings(folder: Path, *services: str, **over: Any) -> Settings:
    """An embedded installation below ``folder``: SQLite, a founded keyring, and the migrated stores of ``services``
    (without a name: of all four). ``over`` replaces fields of the settings."""
    environ = {"AMANAH_DATA": str(folder / "data"), "AMANAH_KEYRING": str(folder / "keys" / "keyring.json")}
    settings = dataclasses.replace(load_settings(environ), **over)
    found_keyring(settings)
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    for service in services or SERVICES:
        shutil.copyfile(_template(service, settings.lanes), settings.data / f"{service}.sqlite3")
    return settings


_templates = tempfile.TemporaryDirectory(prefix="amanah-templates-")  # goes when the run ends


@cache
def _template(service: str, lanes: int) -> Path:
    """A migrated and empty store, in one file."""
    folder = Path(_templates.name) / f"{service}-{lanes}"
    settings = load_settings({"AMANAH_DATA": str(folder), "AMANAH_KEYRING": f"{folder}-keys/keyring.json"})
    migrate(dataclasses.replace(settings, lanes=lanes), service)
    return folder / f"{service}.sqlite3"


def keys_of(settings: Settings, service: str) -> Keys:
    """The keys of a service of an embedded installation."""
    return LocalKeys(service, Keyring(settings.keyring, data_folder=settings.data))


def token_for(
    settings: Settings,
    account: str | None = None,
    memberships: Sequence[Membership] = (),
    network_roles: Sequence[str] = (),
    *,
    at: Instant = NOON,
    minutes: int = 10,
    sid: str | None = None,
    locale: str = "en",
    zone: str = "Asia/Jakarta",
) -> str:
    """A genuine token of this installation, without a sign-in: ``Membership(clinic, client or None, roles)`` each."""
    whole_second = instant(moment(at).replace(microsecond=0))
    claims = Claims(
        account=account or new_id(),
        sid=sid or new_id(),
        memberships=tuple(memberships),
        network_roles=tuple(network_roles),
        locale=locale,
        zone=zone,
        acr="aal1",
        auth_time=whole_second,
        issued=at,
        expires=plus(whole_second, minutes=minutes),
        audience=SERVICES,
    )
    keys = keys_of(settings, "identity")

    def sign(data: bytes) -> tuple[int, bytes]:
        signature = keys.sign("token", data)
        return signature.version, signature.raw

    return tokens.encode(claims, sign)


_reached: WeakKeyDictionary[Listener, dict[str, Position]] = WeakKeyDictionary()


def deliver(
    listener: Listener,
    *events: Any,
    stream: str | None = None,
    clinic: str | None = None,
    actor: str = "service/outside",
    at: Instant = NOON,
) -> list[Entry[Any]]:
    """Bring events of other services to a listener, as lane 0 of each service would: numbered and chained.

    The clinic is the event's own field ``clinic`` unless one is named. Words to be sealed become commitments of words
    that nobody here can open. Without ``stream`` each event stands on a stream of its own.
    """
    delivered = []
    for event in events:
        entry = entry_of(event, stream=stream, clinic=clinic, actor=actor, at=at)
        message, before = next_message(listener, entry)
        listener.apply(message, before)
        delivered.append(entry)
    return delivered


def entry_of(
    event: Any, *, stream: str | None = None, clinic: str | None = None, actor: str = "service/outside", at: Instant
) -> Entry[Any]:
    """An event as another service would have recorded it."""
    declared = event_type(type(event))
    words = {name for name in declared.seals if isinstance(getattr(event, name), Words)}
    found = clinic or getattr(event, "clinic", None)
    return Entry(
        id=Id(new_id()),
        type=declared.name,
        typeversion=declared.version,
        stream=stream or f"{declared.service}/outside/{new_id()}",
        streamversion=1,
        time=at,
        actor=actor,
        data=put_commitments(event, dict.fromkeys(words, "0" * 64)),
        clinic=None if found is None else ClinicId(found),
    )


def next_message(listener: Listener, entry: Entry[Any]) -> tuple[Message, Position | None]:
    """The entry as the next message of its service's lane 0, and the position before it."""
    service = event_type(type(entry.data)).service
    places = _reached.setdefault(listener, {})
    before = places.get(service)
    if before is None:  # the listener may be new on a store that has heard events before
        before = listener.get(service, 0)
    last = before or Position(OUTSIDE, 0, ORIGIN, -1)
    body = encode(entry)
    link = chain(chain_head(service, last.incarnation), 0, last.sequence + 1, last.chain, body)
    message = Message(service, 0, last.sequence + 1, link, last.incarnation, body, last.offset + 1)
    places[service] = Position(last.incarnation, message.sequence, link, message.offset)
    return message, before


class ApiClient:
    """Flask's test client with a bearer, an Idempotency-Key on every POST, and If-Match by version.

    Answers are werkzeug's ``TestResponse`` (as ``Any``, so that ``answer.json["key"]`` need not be guarded):
    ``answer.status_code``, ``answer.json``, ``answer.headers["Location"]``.
    """

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self._client: FlaskClient = app.test_client()
        self.token = token

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, query_string={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> Any:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.send("POST", path, json=body if body is not None else {}, headers=headers, **more)

    def put(self, path: str, body: Any, *, version: int | str | None = None) -> Any:
        return self.send("PUT", path, json=body, headers=_if_match(version))

    def delete(self, path: str, *, version: int | str | None = None) -> Any:
        return self.send("DELETE", path, headers=_if_match(version))

    def send(self, method: str, path: str, **more: Any) -> Any:
        """Any request, with the bearer; ``more`` are werkzeug's arguments of a request."""
        headers = dict(more.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return self._client.open(path, method=method, headers=headers, **more)


def client_of(app: Flask, token: str | None = None) -> ApiClient:
    """A client of this app: signed in with ``token``, or nobody known."""
    return ApiClient(app, token)


def _if_match(version: int | str | None) -> dict[str, str]:
    """``If-Match`` for a version number, or for an ETag as it was answered."""
    if version is None:
        return {}
    return {"If-Match": version if isinstance(version, str) else f'"{version}"'}
