"""Identity for tests of its own: built in a folder, with shortcuts for what many tests begin with."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from services.identity.app import build, founding_link
from services.identity.context import Context
from services.identity.domain.clinic import Terms
from services.identity.erasing import finish_answered, order_due
from services.identity.examples import JAKARTA, JAKARTA_PLACE, NETWORK, SARI, Person
from services.identity.posting import send_due
from services.kernel.built import Built
from services.kernel.codec import decode
from services.kernel.events import Entry
from services.kernel.http.tokens import Membership
from services.kernel.ids import new_id
from services.kernel.listening import Listener
from services.kernel.settings import Settings
from tests.world import ApiClient, Clockwork, client_of, service_settings, token_for

V1 = "/identity/v1"

T = TypeVar("T")


@dataclass
class House:
    """Identity, its clock, its letter box, and how to act in it. Embedded, unless other settings are given."""

    folder: Path
    given: Settings | None = None
    clock: Clockwork = field(default_factory=Clockwork)
    built: Built = field(init=False)
    context: Context = field(init=False)
    listener: Listener = field(init=False)
    read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.settings = self.given or service_settings(self.folder, "identity")
        self.built = build(self.settings, self.clock)
        self.context = self.built.app.extensions["amanah.context"]
        assert self.built.listener is not None
        self.listener = self.built.listener

    def close(self) -> None:
        self.built.close()

    def anyone(self) -> ApiClient:
        return client_of(self.built.app)

    def founding_token(self) -> str:
        link = founding_link(self.settings, self.clock)
        assert link is not None
        return parse_qs(urlsplit(link).query)["token"][0]

    def found(self) -> ApiClient:
        """The network, founded by Sari; signed in as her."""
        body = who(SARI) | {"token": self.founding_token(), "name": NETWORK, "languages": ["id", "en"]}
        answer = self.anyone().post(f"{V1}/founding", body)
        assert answer.status_code == 201, answer.json
        return self.signed_in(SARI)

    def signed_in(self, person: Person, password: str | None = None) -> ApiClient:
        answer = self.sign_in(person, password)
        assert answer.status_code == 201, answer.json
        return client_of(self.built.app, answer.json["token"])

    def sign_in(self, person: Person, password: str | None = None) -> Any:
        body = {"email": person.email, "password": password or person.password}
        return self.anyone().post(f"{V1}/sign-ins", body)

    def bearer(self, *memberships: Membership, network: tuple[str, ...] = (), account: str | None = None) -> ApiClient:
        """Somebody with a genuine token, without a sign-in."""
        token = token_for(self.settings, account or new_id(), memberships, network, at=self.clock.now)
        return client_of(self.built.app, token)

    def clinic(self, terms: Terms = JAKARTA, place: str = JAKARTA_PLACE) -> str:
        """A clinic, founded by an operator of the network."""
        answer = self.bearer(network=("operator",)).post(f"{V1}/clinics", clinic_body(terms, place))
        assert answer.status_code == 201, answer.json
        return new(answer)

    def post_letters(self) -> list[EmailMessage]:
        """Let the worker write; the letters that are new in the folder, in the order in which they were sent."""
        send_due(self.context)
        return self.letters()

    def letters(self) -> list[EmailMessage]:
        paths = sorted(self.settings.mail_folder.glob("*.eml"))
        fresh = [path for path in paths if path.name not in self.read]
        self.read |= {path.name for path in fresh}
        return [message_from_bytes(path.read_bytes(), policy=default) for path in fresh]

    def mailed_token(self) -> str:
        """The token in the one letter that is sent now."""
        (letter,) = self.post_letters()
        return token_in(letter)

    def join(self, person: Person, clinic: str) -> str:
        """Register a client and follow the letter; the client's id."""
        body = {"clinic": clinic, "email": person.email, "password": person.password}
        assert self.anyone().post(f"{V1}/registrations", body).status_code == 202
        answer = self.anyone().post(f"{V1}/email-confirmations", {"token": self.mailed_token()})
        assert answer.status_code == 201, answer.json
        return new(answer)

    def run_erasures(self) -> None:
        order_due(self.built.service)
        finish_answered(self.context)

    def events(self, *types: str) -> list[Entry[Any]]:
        """What was recorded, of these types or all, in the order of the lane."""
        rows = self.built.service.backend.after(0, 0, 10_000)
        entries = [decode(bytes(row.body)) for row in rows]
        return [entry for entry in entries if not types or entry.type.removeprefix("identity.") in types]


def who(person: Person) -> dict[str, str]:
    """What a person says of themselves when they join."""
    return {
        "email": person.email,
        "password": person.password,
        "professional_name": person.name,
        "locale": person.locale,
        "zone": person.zone,
    }


def acceptance(person: Person, token: str) -> dict[str, str]:
    body = who(person) | {"token": token}
    del body["email"]
    return body


def clinic_body(terms: Terms, place: str) -> dict[str, Any]:
    return settings_body(terms) | {"jurisdiction": place}


def settings_body(terms: Terms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "zone": terms.zone,
        "languages": list(terms.languages),
        "erasure_wait_days": terms.erasure_wait_days,
        "retention_floor_years": terms.retention_floor_years,
    }


def new(answer: Any) -> str:
    """The id of what was created."""
    return str(answer.headers["Location"].rpartition("/")[2])


def at_once(count: int, act: Callable[[], T]) -> list[T]:
    """What so many threads are answered, which act at the same moment."""
    with ThreadPoolExecutor(count) as threads:
        return [each.result() for each in [threads.submit(act) for _ in range(count)]]


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body()
    assert body is not None
    return str(body.get_content())


def token_in(letter: EmailMessage) -> str:
    found = re.search(r"^Token: (\S+)$", text_of(letter), re.MULTILINE)
    assert found is not None
    return found[1]
