"""The conversation with a Vault or OpenBao server: signing in by AppRole, deadlines, retries, and what answers mean.

What it promises:
- A call ends within ``deadline`` seconds, with an answer or with ``KeysUnavailable`` and a reason code (each request
  waits ``timeout`` seconds at most; the system's look-up of the server's name is not bounded, so give an address).
- A server that has fallen silent is left alone for ``REST`` seconds, then asked by one thread at a time; everybody else
  is refused soon. So a request that needs keys twice waits once, and who needs none does not queue behind it.
- The token is renewed inside calls once two thirds of its life are over, with jitter; no thread runs. A token that
  the server no longer knows is replaced by signing in again, once a call.
- Nothing is taken from the environment: no token, no proxy, no certificate bundle. Redirects are not followed, since
  they would carry the token to another host.
- No exception of a library leaves it or hangs on what leaves it: they hold request and response bodies, and so keys.

The AppRole's secret id must be good for repeated logins: a token cannot be renewed beyond its maximal life.
Make one client a process (after a fork, not before); threads may share it.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests
from hvac.adapters import JSONAdapter
from requests.adapters import HTTPAdapter

from services.kernel.keys.port import KeysRefused, KeysUnavailable

TRIES = 3
REST = 1.0  # seconds
MOMENT = 0.2  # seconds that the others wait for the one who asks a silent server: a well one answers sooner
_FIRST_PAUSE = 0.1
_POOL = 32


@dataclass(frozen=True, slots=True)
class AppRole:
    """How a service signs in to the key server."""

    role_id: str
    secret_id: str = field(repr=False)
    mount: str = "approle"


class Answer(NamedTuple):
    """An answer that means something to the caller: status 200, 204, 400, 403 or 404, and the JSON object."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        return self.body.get("data") or {}

    @property
    def errors(self) -> str:
        return "; ".join(str(error) for error in self.body.get("errors") or ())


class _Failure(NamedTuple):
    """Why there is no answer; ``again`` says whether asking once more may help."""

    reason: str
    detail: str
    help: str
    again: bool


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: float
    full_lease: float
    renewable: bool


_REACH = "Check that the key server runs and that its address and certificate in the settings are right."
_TIMEOUT = _Failure("timeout", "The key server does not answer in time", _REACH, True)
_UNREACHABLE = _Failure("unreachable", "The key server cannot be reached", _REACH, True)
_CERTIFICATE = _Failure(
    "certificate", "The key server's certificate is not trusted, or it does not speak TLS", _REACH, False
)
_NOT_VAULT = _Failure("not-a-key-server", "What answers at this address is not a key server", _REACH, False)
_STANDBY = _Failure(
    "standby", "This node of the key server is not the active one", "Address a node that forwards requests.", True
)
_SEALED = _Failure("sealed", "The key server is sealed", "Ask an operator to unseal it.", False)
_BUSY = _Failure("busy", "The key server has too much to do", "Try again in a moment.", True)
_GATEWAY = _Failure("gateway", "The key server is starting, or what stands before it cannot reach it", _REACH, True)
_INTERNAL = _Failure(
    "internal-error",
    "The key server reports an internal error; most often the disk of its audit log is full",
    "Look at the free space for the key server's audit log; it recovers by itself once there is space.",
    False,
)
_LOGIN_REFUSED = _Failure(
    "login-refused",
    "The key server does not accept this service's role id and secret id",
    "Issue a new secret id for the role, put both into the settings, and start the service again.",
    False,
)


class VaultClient:
    """One service's connection to its key server.

    ``address``: such as ``https://vault.example:8200``. ``ca``: a file of trusted certificates, or none for the
    system's. ``monotonic`` (seconds), ``pause`` (seconds) and ``jitter`` (0 to 1) are replaced in tests.
    """

    def __init__(
        self,
        address: str,
        role: AppRole,
        *,
        ca: str | None = None,
        timeout: float = 2.0,
        deadline: float = 3.0,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        session = requests.Session()
        session.trust_env = False
        session.verify = ca or True
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL))
        self._adapter = JSONAdapter(base_uri=address, token="", session=session, allow_redirects=False)
        self._role = role
        self._timeout = timeout
        self._deadline = deadline
        self._monotonic = monotonic
        self._pause = pause
        self._jitter = jitter
        self._signing_in = threading.Lock()
        self._held: _Token | None = None
        self._trial = threading.Lock()
        self._silent_at: float | None = None  # when the last request was given up without an answer

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Send one request under our token. Raises ``KeysUnavailable``, or ``KeysRefused`` where we lack the right."""
        silent_at = self._silent_at
        if silent_at is None:
            return self._call(method, path, body)
        if self._monotonic() < silent_at + REST or not self._trial.acquire(timeout=MOMENT):
            raise _unavailable(_TIMEOUT)
        try:
            if self._silent_at is not None:
                return self._call(method, path, body)
        finally:
            self._trial.release()
        return self._call(method, path, body)  # who went first was answered

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Answer:
        until = self._monotonic() + self._deadline
        token = self._token(until)
        answer = self._send(method, path, body, token.value, until)
        if _token_unknown(answer):
            token = self._replace(token, until, renew=False)
            answer = self._send(method, path, body, token.value, until)
        if answer.status == 403:
            raise KeysRefused(
                f"The key server does not let this service's role do {method.upper()} {path}",
                help="Compare the policy of the role with the one that deploy/ describes for this service.",
            )
        return answer

    def _token(self, until: float) -> _Token:
        token = self._held
        if token is not None and self._monotonic() < token.renew_at:
            return token
        return self._replace(token, until, renew=token is not None and token.renewable)

    def _replace(self, seen: _Token | None, until: float, *, renew: bool) -> _Token:
        """A token other than ``seen``; of several threads that ask, one goes to the server."""
        if not self._signing_in.acquire(timeout=max(0.0, until - self._monotonic())):
            raise _unavailable(_TIMEOUT)
        try:
            if self._held is None or self._held is seen:
                self._held = (self._renew(seen, until) if renew and seen else None) or self._log_in(until)
            return self._held
        finally:
            self._signing_in.release()

    def _renew(self, token: _Token, until: float) -> _Token | None:
        """The same token with a new lease; none if the server declines or the lease nears its maximal life."""
        answer = self._send("post", "auth/token/renew-self", {}, token.value, until)
        auth = answer.body.get("auth") or {}
        lease = float(auth.get("lease_duration") or 0)
        if answer.status != 200 or lease < token.full_lease / 2:
            return None
        return _Token(token.value, self._renew_at(lease), token.full_lease, bool(auth.get("renewable")))

    def _log_in(self, until: float) -> _Token:
        role = {"role_id": self._role.role_id, "secret_id": self._role.secret_id}
        answer = self._send("post", f"auth/{self._role.mount}/login", role, "", until)
        auth = answer.body.get("auth") or {}
        if answer.status != 200 or not auth.get("client_token"):
            raise _unavailable(_LOGIN_REFUSED)
        lease = float(auth.get("lease_duration") or 0)
        return _Token(auth["client_token"], self._renew_at(lease), lease, bool(auth.get("renewable")))

    def _renew_at(self, lease: float) -> float:
        """Two thirds of the lease from now, give or take a tenth of that; a lease of 0 has no end."""
        return self._monotonic() + lease * 2 / 3 * (0.9 + 0.2 * self._jitter()) if lease else float("inf")

    def _send(self, method: str, path: str, body: dict[str, Any] | None, token: str, until: float) -> Answer:
        """Send, and again where that may help, until the deadline."""
        failure = _TIMEOUT
        for attempt in range(TRIES):
            left = until - self._monotonic()
            if left <= 0:
                break
            outcome = self._send_once(method, path, body, token, min(self._timeout, left))
            if isinstance(outcome, Answer):
                self._silent_at = None
                return outcome
            failure = outcome
            if not failure.again or attempt == TRIES - 1:
                break
            wait = _FIRST_PAUSE * 2**attempt * (0.5 + self._jitter())
            self._pause(max(0.0, min(wait, until - self._monotonic())))
        self._silent_at = self._monotonic() if failure is _TIMEOUT else None
        raise _unavailable(failure)

    def _send_once(
        self, method: str, path: str, body: dict[str, Any] | None, token: str, timeout: float
    ) -> Answer | _Failure:
        headers = {"X-Vault-Token": token} if token else {}
        try:
            reply = self._adapter.request(
                method, f"/v1/{path}", headers=headers, json=body, timeout=timeout, raise_exception=False
            )
        except requests.exceptions.SSLError:
            return _CERTIFICATE
        except requests.exceptions.Timeout:
            return _TIMEOUT
        except requests.exceptions.RequestException:
            return _UNREACHABLE
        return _read(reply)


def _read(reply: dict[str, Any] | requests.Response) -> Answer | _Failure:
    """What a reply means: hvac gives the object of a 200, and the whole response otherwise."""
    if isinstance(reply, dict):
        return Answer(200, reply)
    status = reply.status_code
    if status == 204:
        return Answer(204, {})
    if status == 503:
        return _SEALED if "sealed" in reply.text else _GATEWAY
    if status in (400, 403, 404):
        body = _json_object(reply)
        return _NOT_VAULT if body is None else Answer(status, body)
    if 300 <= status < 400:
        return _STANDBY
    known = {429: _BUSY, 500: _INTERNAL, 502: _GATEWAY, 504: _GATEWAY}
    return known.get(status, _NOT_VAULT)


def _json_object(reply: requests.Response) -> dict[str, Any] | None:
    try:
        body = reply.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _token_unknown(answer: Answer) -> bool:
    """Whether the server no longer knows the token. A known token without the right gets a longer text."""
    return answer.status == 403 and answer.errors == "permission denied"


def _unavailable(failure: _Failure) -> KeysUnavailable:
    return KeysUnavailable(failure.reason, failure.detail, help=failure.help)
