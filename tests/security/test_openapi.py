"""Every operation keeps to its own description (OpenAPI 3.1), whatever it is asked, by whomever.

Each is asked once by everybody with a request that fits, so that the success is described too, and then with requests
that schemathesis makes of the description, good and bad ones, in which real ids are put for some of those it invents.
No answer may be a 5xx; status, media type, headers and body must be as described. The seed is fixed; AMANAH_LONG=1
asks more.
"""

import os
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok

from services.kernel.ids import new_id
from services.kernel.settings import SERVICES
from services.kernel.time import plus
from services.mainjob.booking import PHRASE
from tests.security.matrix import NOBODY, PROBES, Probe, filled
from tests.security.stage import Stage

CALLERS = (NOBODY, "counselor", "operator", "officer", "verifier", "network_operator", "network_officer", "ana")
EXAMPLES = 50 if os.environ.get("AMANAH_LONG") == "1" else 10
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = sorted({(probe.service, probe.operation) for probe in PROBES})


@pytest.fixture(scope="module")
def described(stage: Stage) -> dict[tuple[str, str], Any]:
    """Every operation that the four descriptions name, by service and id."""
    found = {}
    for name in SERVICES:
        schema = schemathesis.openapi.from_wsgi(f"/{name}/v1/openapi.json", stage.house.services[name].app)
        for operation in (result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)):
            found[name, operation.definition.raw["operationId"]] = operation
    return found


def test_every_operation_is_described(described: dict[tuple[str, str], Any]) -> None:
    assert sorted(described) == OPERATIONS


@dataclass
class Meeting:
    """Ana and her counselor at sessions of theirs; every answer is held to the description."""

    stage: Stage
    described: dict[tuple[str, str], Any]

    def ask(self, operation: str, part: str, body: Any = None, session: str = "", version: str = '"1"') -> Any:
        found = self.described["sessions", operation]
        case = found.Case(body=body, media_type="application/json") if body is not None else found.Case()
        case.path_parameters = {"session": session} if session else {}
        case.headers = {"Idempotency-Key": new_id(), "If-Match": version}
        answer = _send(case, self.stage.cast[part].token)
        assert answer.status_code in (200, 201), answer.text
        return answer

    def book(self, minutes: float | None) -> str:
        """A new session; the clock goes on to so many minutes after its start (None: it stands)."""
        cast = self.stage.cast
        ana, counselor = cast.client_of("ana", "phoenix"), cast["counselor"].account
        offered = cast["ana"].get(f"/sessions/v1/clients/{ana}/offers?modality=video")["offered"]
        start = next(each["next_times"][0] for each in offered if each["counselor"] == counselor)
        wish = {"client": ana, "counselor": counselor, "start": start, "modality": "video"}
        session: str = self.ask("book-session", "ana", wish).headers["location"][0].rsplit("/", 1)[1]
        if minutes is not None:
            self.stage.clock.at = plus(start, minutes=minutes)
            self.stage.turn("ana", "counselor")
        return session


def test_a_meeting_is_answered_as_described_at_every_step(stage: Stage, described: dict[tuple[str, str], Any]) -> None:
    """What only a session at its right moment answers. It turns the clock, so it comes before tokens are made."""
    stage.turn("ana", "counselor")
    meeting = Meeting(stage, described)
    session = meeting.book(0.5)
    meeting.ask("attest-place", "ana", {"jurisdiction": "US-AZ", "city": "Tempe"}, session)
    meeting.ask("check-identity", "ana", {"phrase": PHRASE}, session)
    items = meeting.ask("read-gate", "ana", session=session).json()["readiness_items"]
    for part, role in (("ana", "client"), ("counselor", "counselor")):
        meeting.ask("confirm-readiness", part, {"items": items[role]}, session)
    meeting.ask("start-session", "counselor", {"way": {"link": "https://meet.example.org/again"}}, session)
    for part in ("ana", "counselor"):
        meeting.ask("read-way", part, session=session)
    meeting.ask("sign-note", "counselor", {"text": "We spoke again."}, session)
    meeting.ask("end-session", "counselor", {"outcome": "success", "summary": "Well."}, session)
    cancelled = meeting.book(None)
    version = meeting.ask("read-session", "ana", session=cancelled).headers["etag"][0]
    meeting.ask("cancel-session", "counselor", {"reason": "other_plans"}, cancelled, version)
    missed = meeting.book(12)
    meeting.ask("record-absence", "counselor", {"absent": "client", "words": "No answer."}, missed)
    stage.turn()


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.service} {probe.name}")
def test_a_request_that_fits_is_answered_as_described(
    described: dict[tuple[str, str], Any],
    objects: dict[str, str],
    bearers: dict[str, str | None],
    probe: Probe,
) -> None:
    operation = described[probe.service, probe.operation]
    method, path, body = filled(probe, objects)
    for caller in CALLERS:
        case = operation.Case(body=body, media_type="application/json") if body is not None else operation.Case()
        case.path_parameters = _parameters(operation.path, path.partition("?")[0])
        case.query = dict(part.split("=", 1) for part in path.partition("?")[2].split("&") if part)
        case.headers = {"Idempotency-Key": new_id(), "If-Match": '"1"'}
        assert case.method == method
        _send(case, bearers[caller])


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.service} {probe.name}")
def test_a_made_up_request_is_answered_as_described(
    described: dict[tuple[str, str], Any],
    objects: dict[str, str],
    bearers: dict[str, str | None],
    probe: Probe,
) -> None:
    found = described[probe.service, probe.operation]
    good = found.as_strategy(generation_mode=GenerationMode.POSITIVE)
    made = good | found.as_strategy(generation_mode=GenerationMode.NEGATIVE) if _takes_input(found) else good
    _, path, body = filled(probe, objects)
    fitting = _parameters(found.path, path.partition("?")[0])
    random = Random(probe.name)  # what is chosen by it is spread evenly, as hypothesis would not
    may = sorted(probe.allowed & set(CALLERS)) or list(CALLERS)

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(made)
    def ask(case: "Case[Any]") -> None:
        caller = random.choice(may if random.random() < 0.6 else CALLERS)
        _mend(case.path_parameters, fitting, random, 0.9)
        _mend(case.body, body, random, 0.6)
        _send(case, bearers[caller])

    ask()


def _mend(made: Any, fitting: Any, random: Random, share: float) -> None:
    """Put what fits in the place of some of what was made up, so that a request gets past its first check."""
    if isinstance(made, dict) and isinstance(fitting, dict):
        made.update({name: value for name, value in fitting.items() if random.random() < share})


def _send(case: "Case[Any]", token: str | None) -> Any:
    """Send it as the owner of this token; the answer. Raises what the checks find."""
    if case.headers is not None:
        case.headers.pop("Authorization", None)  # one that was made up
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return case.call_and_validate(headers=headers, checks=CHECKS)


def _parameters(template: str, path: str) -> dict[str, str]:
    """The values of the parameters of a path; the last one may be several steps long."""
    names = template.strip("/").split("/")
    steps = path.strip("/").split("/", len(names) - 1)
    return {name.strip("{}"): step for name, step in zip(names, steps, strict=True) if name.startswith("{")}


def _takes_input(operation: Any) -> bool:
    return bool(operation.body or operation.query or operation.path_parameters or operation.headers)
