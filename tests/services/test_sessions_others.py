"""What sessions does when other services speak: changed law, ended memberships, parked events, erasure, revocation."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select

from services.contracts.identity import (
    ErasureOrdered,
    LegalHoldLifted,
    LegalHoldPlaced,
    SignInsRevoked,
)
from services.contracts.licensing import ClearancePublished
from services.contracts.practice import Condition, Retention, Route
from services.contracts.practice.days import BEGINNING
from services.kernel.chain import ORIGIN
from services.kernel.fields import ClinicId, Code, Id, PersonId, seal
from services.kernel.ids import new_id
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Head
from services.kernel.projections import Rows
from services.kernel.store.changes import execute
from services.kernel.store.write import Write
from services.kernel.time import plus
from services.sessions import due, examples
from services.sessions.app import build
from services.sessions.commands.erasing import LOOK_AGAIN_MINUTES
from services.sessions.queries.coming import lately_booked
from services.sessions.readmodels import PROJECTIONS, TABLES
from tests.services.sessions_house import House, Person, meet
from tests.world import entry_of, next_message


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.permit()
    made.set_hours()
    return made


@pytest.fixture
def dewi(house: House) -> Person:
    return house.client().enrol()


def order(house: House, client: Person, clinic: str | None = None) -> ErasureOrdered:
    return ErasureOrdered(
        erasure=Id(new_id()),
        client=PersonId(client.id),
        clinic=ClinicId(clinic or house.phoenix),
        not_before=house.clock.now,
        basis="client_request",
    )


def answers(house: House) -> list[tuple[str, str | None]]:
    return [(e.data.answer.kind, e.data.answer.basis) for e in house.events("erasure-answered")]


def test_a_founded_clinic_gets_its_key_once(house: House) -> None:
    opened = [entry.data for entry in house.events("clinic-opened")]
    assert [each.key_name for each in opened] == [f"clinic-{house.phoenix}", f"clinic-{house.jakarta}"]


def test_a_changed_clearance_has_coming_sessions_judged_again_and_both_told(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.law(examples.clearance(house.counselor, revision=2))
    assert house.events("session-judged-again") == []
    house.law(examples.clearance(house.counselor, revision=3, allows=False))
    again = house.events("session-judged-again")[0].data
    assert (again.session, again.decision.verdict, again.decision.revision) == (session, "prohibited", 3)
    assert [e.data.template for e in house.events("notice-due")][-2:] == ["session_changed"] * 2
    assert dewi.get(f"/sessions/{session}").json["decision"]["codes"] == ["licence_required"]
    assert dewi.offers()["not_offered"][0]["reason"] == "not_licensed_there"
    house.law(examples.clearance(house.counselor, revision=4))
    assert [e.data.decision.verdict for e in house.events("session-judged-again")] == ["prohibited", "permitted"]


def test_a_licence_that_ends_before_the_session_forbids_it_and_the_times_after(house: House, dewi: Person) -> None:
    session = dewi.book()
    ends = plus(house.clock.now, hours=1)
    house.law(examples.clearance(house.counselor, revision=2, until=ends))
    assert house.events("session-judged-again")[0].data.session == session


def test_changed_place_rules_have_coming_sessions_judged_again(house: House, dewi: Person) -> None:
    dewi.book()
    house.law(examples.place_rules(consent_ages=()))
    assert house.events("session-judged-again")[0].data.decision.codes == ("consent_age_unknown",)


def verdicts(house: House) -> list[str]:
    return [entry.data.decision.verdict for entry in house.events("session-judged-again")]


def change(client: Person, **details: Any) -> None:
    path = f"/clients/{client.id}/details"
    answer = client.put(path, details, version=client.get(path).headers["ETag"])
    assert answer.status_code == 204, answer.json


def test_who_moves_has_coming_sessions_judged_by_the_law_of_the_new_place(house: House, dewi: Person) -> None:
    house.permit("US-CA", allows=False)
    session = dewi.book()
    change(dewi, city="Yuma")
    assert verdicts(house) == []
    change(dewi, jurisdiction="US-CA")
    assert verdicts(house) == ["prohibited"]
    assert [e.data.template for e in house.events("notice-due")][-2:] == ["session_changed"] * 2
    house.law(examples.clearance(house.counselor, "US-CA", revision=2))
    assert verdicts(house) == ["prohibited", "permitted"]
    house.law(examples.clearance(house.counselor, "US-AZ", revision=2, allows=False))
    assert dewi.get(f"/sessions/{session}").json["decision"]["verdict"] == "permitted"


def test_another_birth_date_has_coming_sessions_judged_again(house: House, dewi: Person) -> None:
    dewi.book()
    change(dewi, birth_date="2012-05-01")
    assert "needs_guardian" in house.events("session-judged-again")[0].data.decision.codes
    change(dewi, birth_date="1991-04-02")
    assert verdicts(house)[1:] == ["permitted"]


def test_another_home_of_the_counselor_has_coming_sessions_judged_again(house: House, dewi: Person) -> None:
    only_from = Condition("counselor_place", one_of=(Code("CA-ON"),))
    house.permit(route=Route("own_licence", BEGINNING, None, (only_from,), (), (examples.RULE,)), revision=2)
    dewi.book()
    house.profile(house.counselor, home="GB")
    house.profile(house.counselor, home="CA-ON")
    assert verdicts(house)[1:] == ["permitted"]


def test_a_booking_that_passed_a_change_unseen_is_judged_again_soon(house: House, dewi: Person) -> None:
    session = dewi.book()
    told = examples.clearance(house.counselor, revision=2, allows=False)
    learned = Rows("sqlite")  # what the reaction leaves behind that looked for coming sessions just before
    news = ClearancePublished(counselor=told.counselor, clearance=told)
    PROJECTIONS.apply(entry_of(news, at=house.clock.now), learned)
    house.built.service.backend.commit(Write(rows=learned.statements))
    assert dewi.get(f"/sessions/{session}").json["decision"]["verdict"] == "permitted"
    house.turn()
    house.turn()
    assert verdicts(house) == ["prohibited"]
    house.clock.advance(minutes=16)
    assert lately_booked(house.built.service.work(due.SELF), due.LATELY_MINUTES) == []  # long ago: not every time


def test_who_no_longer_counsels_for_the_clinic_is_not_offered_and_cannot_start(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.leave()
    again = house.events("session-judged-again")[0].data
    assert again.decision.verdict == "undetermined"
    offers = dewi.offers()
    assert (offers["offered"], offers["not_offered"]) == ([], [])
    dewi.prepare(session)
    gate = dewi.get(f"/sessions/{session}/gate").json
    law = next(item for item in gate["items"] if item["item"] == "clearance")
    assert (law["verdict"], law["reasons"][0]["code"]) == ("not_known", "no_clearance")


def test_a_parked_clearance_counts_as_closed(house: House, dewi: Person) -> None:
    told = ClearancePublished(
        counselor=PersonId(house.counselor), clearance=examples.clearance(house.counselor, revision=2)
    )
    message, _ = next_message(house.listener, entry_of(told, at=house.clock.now))
    house.listener.park(message, "it could not be applied")
    assert dewi.offers()["not_offered"][0]["reason"] == "not_known_yet"


def test_an_erasure_destroys_the_words_and_leaves_the_proofs(house: House, dewi: Person) -> None:
    session = meet(house, dewi)
    counselor = house.as_counselor()
    counselor.post(f"/sessions/{session}/notes", {"text": "the heron"})
    counselor.post(f"/sessions/{session}/end", {"outcome": "success"})
    house.clock.advance(days=1)
    before = len(house.events())
    wish = order(house, dewi)
    house.erase(wish)
    assert answers(house) == [("erased", None)]
    assert house.events("erasure-answered")[0].data.answer.values > 10
    record = counselor.get(f"/clients/{dewi.id}/record", purpose="request").json
    assert (record["erased"], record["notes"][0]["text"], record["details"]["name"]) == (True, None, None)
    assert dewi.get(f"/clients/{dewi.id}/details").json["erased"]
    late = dewi.put(f"/clients/{dewi.id}/fallback", examples.fallback())
    assert late.status_code == 410
    assert len(house.events()) == before + 2
    house.erase(wish)
    assert len(answers(house)) == 1


def test_an_erasure_cancels_what_was_booked_and_tells_the_counselor(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.erase(order(house, dewi))
    assert answers(house) == [("erased", None)]
    assert house.as_counselor().get(f"/sessions/{session}").json["stage"] == "cancelled"
    last = house.events("notice-due")[-1].data
    assert (last.person, last.template) == (house.counselor, "session_cancelled")


def test_a_rule_of_the_place_keeps_the_record_and_says_until_when(house: House, dewi: Person) -> None:
    house.law(examples.place_rules(retention=(Retention(BEGINNING, None, 6, "last_contact", 0, examples.RULE),)))
    session = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{session}/end", {"outcome": "success"})
    house.erase(order(house, dewi))
    kept = house.events("erasure-answered")[0].data.answer
    assert (kept.kind, kept.basis, kept.until[:4]) == ("kept", "retention_rule", "2032")
    assert kept.values > 10
    assert dewi.get(f"/clients/{dewi.id}/details").json["name"] == "Dewi"


def test_the_clinics_own_floor_keeps_the_record(house: House) -> None:
    house.join(house.counselor, house.jakarta, "Ana Putri")
    client = house.client(house.jakarta).enrol()
    counselor = house.staff("counselor", account=house.counselor, clinic=house.jakarta)
    session = client.book()
    client.prepare(session)
    counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor"))
    assert counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}}).status_code == 200
    assert counselor.post(f"/sessions/{session}/end", {"outcome": "success"}).status_code == 200
    house.erase(order(house, client, house.jakarta))
    assert answers(house) == [("kept", "clinic_floor")]


def test_a_legal_hold_keeps_everything_until_it_is_lifted(house: House, dewi: Person) -> None:
    hold, officer = Id(new_id()), PersonId(new_id())
    named: dict[str, Any] = {
        "hold": hold,
        "client": PersonId(dewi.id),
        "clinic": ClinicId(house.phoenix),
        "by": officer,
    }
    house.hear(LegalHoldPlaced(basis="court", reason=seal("case 12"), **named))
    house.erase(order(house, dewi))
    house.turn()
    assert answers(house) == [("kept", "legal_hold")]  # and is not said again and again
    house.hear(LegalHoldLifted(**named))
    house.clock.advance(minutes=LOOK_AGAIN_MINUTES)
    house.turn()
    assert answers(house) == [("kept", "legal_hold"), ("erased", None)]


def test_of_somebody_who_never_did_the_intake_nothing_is_held(house: House) -> None:
    house.erase(order(house, house.client()))
    assert answers(house) == [("nothing_held", None)]


def test_an_erasure_is_not_carried_out_before_its_time(house: House, dewi: Person) -> None:
    early = order(house, dewi)
    wish = ErasureOrdered(
        erasure=early.erasure,
        client=early.client,
        clinic=early.clinic,
        not_before=plus(house.clock.now, days=1),
        basis=early.basis,
    )
    house.erase(wish)
    assert answers(house) == []
    house.clock.advance(days=1)
    house.turn()
    assert answers(house) == [("erased", None)]


def test_a_sign_in_that_ended_elsewhere_ends_here(house: House, dewi: Person) -> None:
    assert dewi.get(f"/clients/{dewi.id}/details").status_code == 200
    house.hear(SignInsRevoked(account=PersonId(dewi.account), sid=None, reason="password_changed", at=house.clock.now))
    assert dewi.get(f"/clients/{dewi.id}/details").status_code == 401


def test_without_news_of_the_law_for_a_quarter_of_an_hour_nothing_is_booked(house: House, dewi: Person) -> None:
    start, later = dewi.offers()["offered"][0]["next_times"][:2]
    log = EmbeddedLog(house.settings.data / "log.sqlite3")
    log.make_topics({"identity": 1, "licensing": 1, "sessions": 1})
    house.built = build(house.settings, house.clock)
    stale = dewi.try_to_book(start)
    assert (stale.status_code, stale.headers["Retry-After"]) == (409, "60")
    assert (stale.json["reasons"], stale.json["help_lines"][0]["kind"]) == (["law_not_heard"], "emergency")
    assert [e.data.reasons for e in house.events("booking-refused")] == [("law_not_heard",)]
    log.put_head(Head("licensing", 0, "", 0, ORIGIN, house.clock.now))
    house.built.make_worker(log).know()
    assert dewi.try_to_book(start).status_code == 201
    house.clock.advance(minutes=16)
    assert dewi.try_to_book(later).json["reasons"] == ["law_not_heard"]
    log.close()


def test_nothing_is_erased_by_old_news_of_holds_or_of_rules(house: House, dewi: Person) -> None:
    log = EmbeddedLog(house.settings.data / "log.sqlite3")
    log.make_topics({"identity": 1, "licensing": 1, "sessions": 1})
    house.built = build(house.settings, house.clock)
    house.hear(order(house, dewi))
    told = []
    for minutes, source in ((0, "licensing"), (16, "identity"), (15, "licensing")):
        log.put_head(Head(source, 0, "", 0, ORIGIN, house.clock.advance(minutes=minutes)))
        house.built.make_worker(log).know()
        house.turn()
        told.append([kind for kind, _ in answers(house)])
    assert told == [[], [], ["erased"]]
    log.close()


def test_the_worker_publishes_everything_that_was_recorded(house: House, dewi: Person) -> None:
    dewi.book()
    log = EmbeddedLog(house.settings.data / "log.sqlite3")
    log.make_topics({"identity": 1, "licensing": 1, "sessions": 1})
    worker = house.built.make_worker(log)
    while worker.relays[0].step():
        pass
    last = log.tail("sessions", 0)
    assert last is not None
    assert last.sequence == len(house.events())
    assert worker.follows == ("identity", "licensing")
    log.close()


def test_the_read_models_can_be_rebuilt_also_after_an_erasure(house: House, dewi: Person) -> None:
    session = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{session}/end", {"outcome": "referral"})
    house.client().enrol().book()
    house.clock.advance(days=1)
    house.erase(order(house, dewi))
    heard = OwnAndHeard(house)
    assert heard.replayed() == heard.living()


class OwnAndHeard:
    """Everything that this service's read models are made of, applied again to empty tables of another database."""

    def __init__(self, house: House) -> None:
        self.house = house

    def living(self) -> dict[str, list[str]]:
        return self._rows(self.house.built.service.backend.engine)

    def replayed(self) -> dict[str, list[str]]:
        engine = create_engine("sqlite://")
        TABLES.create_all(engine)
        with engine.begin() as connection:
            for entry in [*self.house.heard, *self.house.events()]:
                rows = Rows("sqlite")
                PROJECTIONS.apply(entry, rows)
                for statement in rows.statements:
                    execute(connection, statement)
        return self._rows(engine)

    @staticmethod
    def _rows(engine: Engine) -> dict[str, list[str]]:
        with engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(select(table)).all())) for table in TABLES.sorted_tables
            }
