"""A request sent twice at the same moment, on every database: both get the one answer."""

import contextlib
import threading

import pytest

from services.kernel.errors import Conflict
from services.kernel.fields import Id
from services.kernel.service import ANSWERS_KEPT, Answer, Once, Service
from services.kernel.time import Instant, plus
from services.kernel.work import Who, Work
from tests.shop import NOON, keep_note

ANA = Who("ana")


def answer(result: Id, now: Instant) -> Answer:
    return Answer(201, f"/notes/{result}", '"1"')


def keep_the_only_note(work: Work, person: str, meanwhile: threading.Barrier | None = None) -> Id:
    """There may be one note; who comes second is refused by the decision itself, as a taken time is."""
    taken = bool(work.entries(f"shop/person/{person}"))
    if meanwhile is not None and not meanwhile.broken:
        with contextlib.suppress(threading.BrokenBarrierError):  # the other one is done
            meanwhile.wait(2)
    if taken:
        raise Conflict("There is a note already.")
    return keep_note(work, person, "words")


@pytest.mark.parametrize("person", ["p1", "p2", "p3"])
def test_twins_are_answered_alike_though_the_decision_refuses_the_second(shop: Service, person: str) -> None:
    once, start, answers = Once("ana", "keep", f"key-{person}", "print"), threading.Barrier(2), list[Answer]()
    errors: list[Exception] = []

    def send() -> None:
        try:
            answers.append(shop.do_once(ANA, once, answer, keep_the_only_note, person, start))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert answers[0].location == answers[1].location
    assert sorted(each.replayed for each in answers) == [False, True]
    assert len(shop.backend.history(f"shop/person/{person}")) == 1


def test_a_twin_that_decides_after_the_first_committed_gets_its_answer_too(shop: Service) -> None:
    """The second looked for a kept answer before the first committed, and loads the stream behind it."""
    once = Once("ana", "keep", "key-1", "print")
    first: list[Answer] = []

    def late(work: Work) -> Id:
        if not first:
            first.append(shop.do_once(ANA, once, answer, keep_the_only_note, "p1"))
        return keep_the_only_note(work, "p1")

    second = shop.do_once(ANA, once, answer, late)
    assert (second.location, second.replayed) == (first[0].location, True)


def test_an_answer_is_kept_as_long_as_it_may_be_asked_for_and_no_longer(shop: Service) -> None:
    once = Once("ana", "keep", "key-1", "print")
    shop.do_once(ANA, once, answer, keep_note, "p1", "words")
    for hours, replayed in ((ANSWERS_KEPT - 1, True), (ANSWERS_KEPT, False)):
        shop.clock = lambda hours=hours: plus(NOON, hours=hours)  # type: ignore[misc]
        shop.forget_answers()
        assert shop.do_once(ANA, once, answer, keep_note, "p1", "words").replayed is replayed


def test_a_refusal_that_is_no_twins_doing_stays_a_refusal(shop: Service) -> None:
    shop.do(ANA, keep_note, "p1", "words")
    with pytest.raises(Conflict, match="a note already"):
        shop.do_once(ANA, Once("ana", "keep", "key-1", "print"), answer, keep_the_only_note, "p1")
