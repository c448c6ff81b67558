"""Words are shown only where the look was recorded first: every GET of every service, sent by everybody who may.

The house is one in which each personal word is a canary. An answer that holds one was recorded by exactly one look that
names the person, or it was that person's own. Where the look cannot be recorded, nothing is shown. (That no code can
open a seal otherwise is read off the code in ``tests/house/test_seals``.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, func, select

from services.kernel.codec import decode
from services.kernel.service import Service
from services.kernel.store.tables import events
from services.mainjob.driver import Reply
from tests.security.canary import ADDRESS, STEM, Canaries
from tests.security.matrix import EVERYBODY, PROBES, Probe, filled
from tests.security.stage import Stage, embedded

LOOKS = {
    "read-record": "sessions.record-read",
    "read-way": "sessions.record-read",
    "read-credential": "licensing.evidence-read",
    "read-evidence": "licensing.evidence-read",
    "read-trail": "audit.trail-read",
    "read-entry": "audit.trail-read",
}
# Each the owner of what is shown: no entry is needed.
OWN = {("read-credential", "counselor"), ("read-evidence", "counselor"), *(("read-me", name) for name in EVERYBODY)}
WHO_SHOWS = [probe for probe in PROBES if probe.request.startswith("GET") and probe.operation in LOOKS]
READING = [probe for probe in PROBES if probe.request.startswith("GET")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The main job up to the proof, in which everybody says words of their own."""
    made = embedded(tmp_path_factory.mktemp("seals"), Canaries()).play()
    yield made
    made.close()


@pytest.mark.parametrize("probe", READING, ids=lambda probe: f"{probe.service} {probe.name}")
def test_what_is_shown_was_recorded_once(
    stage: Stage, objects: dict[str, str], bearers: dict[str, str | None], probe: Probe
) -> None:
    service = stage.house.services[probe.service].service
    staff = [name for name in sorted(probe.allowed) if name not in ("ana", "ben", "citra")]
    for name in staff:
        before = _count(service)
        answer = _ask(stage, probe, objects, bearers.get(name))
        looked = _since(service, before)
        shown = STEM.encode() in answer.body or ADDRESS.encode() in answer.body
        if probe.operation in LOOKS and (probe.operation, name) not in OWN and answer.status == 200:
            assert [entry.type for entry in looked] == [LOOKS[probe.operation]], name
            assert not shown or _names(looked[0].data, objects), looked[0].data
        else:
            assert looked == [], name
            assert not shown or (probe.operation, name) in OWN, answer.body


def test_the_operations_that_show_do_show(
    stage: Stage, objects: dict[str, str], bearers: dict[str, str | None]
) -> None:
    """Else the test above would say nothing."""
    who = {
        "read-record": "counselor",
        "read-way": "counselor",
        "read-credential": "verifier",
        "read-evidence": "verifier",
    }
    shown = {
        probe.operation: _ask(stage, probe, objects, bearers[who[probe.operation]])
        for probe in WHO_SHOWS
        if probe.operation in who
    }
    assert set(shown) == set(who)
    assert all(STEM.encode() in answer.body for answer in shown.values())


def test_a_client_reads_their_own_without_an_entry(
    stage: Stage, objects: dict[str, str], bearers: dict[str, str | None]
) -> None:
    service = stage.house.services["sessions"].service
    before = _count(service)
    own = [probe for probe in READING if probe.service == "sessions" and "ana" in probe.allowed]
    answers = [_ask(stage, probe, objects, bearers["ana"]) for probe in own]
    assert any(STEM.encode() in answer.body for answer in answers)
    assert _since(service, before) == []


def test_a_look_at_nothing_is_no_look(stage: Stage) -> None:
    """A page that asks again and again whether there is something yet fills no trail."""
    service = stage.house.services["sessions"].service
    before = _count(service)
    for _ in range(3):
        stage.cast["counselor"].ask("GET", f"/sessions/v1/sessions/{stage.cast.things['session_ben']}/way", expect=409)
    assert _since(service, before) == []


def test_nothing_is_shown_where_the_look_cannot_be_recorded(
    stage: Stage, objects: dict[str, str], bearers: dict[str, str | None]
) -> None:
    for probe in WHO_SHOWS:
        name = next(who for who in sorted(probe.allowed) if (probe.operation, who) not in OWN and who != "ana")
        assert _ask(stage, probe, objects, bearers[name]).status == 200
        with _read_only(stage.house.services[probe.service].service):
            refused = _ask(stage, probe, objects, bearers[name])
        assert refused.status == 503, probe.name
        assert refused.headers["content-type"] == "application/problem+json"
        assert STEM.encode() not in refused.body
        assert _ask(stage, probe, objects, bearers[name]).status == 200


def _ask(stage: Stage, probe: Probe, objects: dict[str, str], token: str | None) -> Reply:
    method, path, _ = filled(probe, objects)
    return stage.driver.call(method, path, token=token)


def _count(service: Service) -> int:
    return int(service.backend.rows(select(func.count().label("n")).select_from(events))[0]["n"])


def _since(service: Service, before: int) -> list[Any]:
    rows = service.backend.rows(select(events.c.body).order_by(events.c.time, events.c.lane, events.c.sequence))
    return [decode(bytes(row["body"])) for row in rows[before:]]


def _names(look: Any, objects: dict[str, str]) -> bool:
    """Whether a look names exactly the person whose words the probes are about."""
    people = getattr(look, "clients", None) or getattr(look, "counselors", None)
    return people in ((objects["ana"],), (objects["counselor"],))


@contextmanager
def _read_only(service: Service) -> Iterator[None]:
    """The database of a service can be read and not be written."""
    engine = service.backend.engine

    def refuse(connection: Any, _: Any) -> None:
        connection.execute("pragma query_only = on")

    event.listen(engine, "connect", refuse)
    engine.dispose()
    yield
    event.remove(engine, "connect", refuse)
    engine.dispose()
