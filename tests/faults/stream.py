"""A stream of commands over HTTP, each sent again until it is answered, by people who know what they have done.

Four hands work at once. Each has a client of its own, so that what a command must leave in the store can be counted.
A change is not keyed but names the version that it means; whose answer was lost looks whether the change is there.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from services.mainjob.actor import made_id
from services.mainjob.driver import Reply, Unexpected
from tests.faults.scene import Visitor

PATIENCE = 120.0  # seconds in which every command must be answered
DETAILS, NOTE, CONSENT = "sessions.client-details-changed", "sessions.note-signed", "sessions.consent-given"
BOOKED, CANCELLED = "sessions.session-booked", "sessions.session-cancelled"


@dataclass(slots=True)
class Tally:
    """What was answered, over all hands."""

    done: Counter[str] = field(default_factory=Counter)
    sessions: list[str] = field(default_factory=list)
    sent_again: int = 0
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def answered(self) -> int:
        return self.done.total()

    def count(self, kind: str, seconds: float) -> None:
        with self._lock:
            self.done[kind] += 1
            self.longest = max(self.longest, seconds)

    def again(self) -> None:
        with self._lock:
            self.sent_again += 1


@dataclass(slots=True)
class Hand:
    """One who sends commands: for a client, and notes for the counselor of the running ``session``."""

    visitor: Visitor
    counselor: Visitor
    session: str
    times: list[str]
    tally: Tally
    chance: random.Random
    number: int = 0

    def send(self, count: int) -> None:
        """Send so many commands, one after the other, in a mix that the seed decides."""
        try:
            while count > 0 and not self.tally.wrong:
                self.number += 1
                count -= self.chance.choice((self.change, self.note, self.consent, self.book_and_cancel))()
        except Exception as error:
            self.tally.wrong.append(repr(error))

    def change(self) -> int:
        """A new city in the details, at the version that was read."""
        path, city = f"/sessions/v1/clients/{self.visitor.client}/details", f"City {self.number}"

        def is_there() -> bool:
            return bool(self._read(path).json["city"] == city)

        version = self._read(path).headers["etag"]
        self._until_answered(
            DETAILS, 204, lambda: self.visitor.send("PUT", path, {"city": city}, **{"If-Match": version}), is_there
        )
        return 1

    def note(self) -> int:
        """A note of the counselor."""
        path, key = f"/sessions/v1/sessions/{self.session}/notes", self._key()
        text = f"Note {self.number}"
        self._until_answered(NOTE, 201, lambda: self.counselor.send("POST", path, {"text": text}, key))
        return 1

    def consent(self) -> int:
        """A consent, given once more."""
        path, key = f"/sessions/v1/clients/{self.visitor.client}/consents", self._key()
        order = self.chance.choice(self._items())
        self._until_answered(CONSENT, 201, lambda: self.visitor.send("POST", path, order, key))
        return 1

    def book_and_cancel(self) -> int:
        """A session that is booked and taken back: two commands."""
        start = self.times[self.number % len(self.times)]  # free again since it was taken back
        key, wish = self._key(), self.visitor.wish(self.counselor.actor.account, start)
        booked = self._until_answered(
            BOOKED, 201, lambda: self.visitor.send("POST", "/sessions/v1/sessions", wish, key)
        )
        session = made_id(booked)
        self.tally.sessions.append(session)
        path = f"/sessions/v1/sessions/{session}"
        version = self._read(path).headers["etag"]
        order = {"reason": "other_plans"}
        self._until_answered(
            CANCELLED,
            200,
            lambda: self.visitor.send("POST", f"{path}/cancellation", order, **{"If-Match": version}),
            lambda: self._read(path).json["stage"] == "cancelled",
        )
        return 2

    def _key(self) -> str:
        return f"{self.visitor.client}-{self.number}"

    def _items(self) -> list[dict[str, Any]]:
        shown = self._read("/sessions/v1/consent-items?clinic=any").json["items"]
        return [{"item": item["code"], "version": item["version"], "locale": "en"} for item in shown]

    def _sign_in(self) -> None:
        for who in (self.visitor, self.counselor):
            with suppress(Unexpected):
                who.actor.sign_in()

    def _read(self, path: str) -> Reply:
        return self._answered(200, lambda: self.visitor.send("GET", path))

    def _until_answered(
        self, kind: str, status: int, send: Callable[[], Reply], is_there: Callable[[], bool] | None = None
    ) -> Reply:
        began = time.monotonic()
        reply = self._answered(status, send, is_there)
        self.tally.count(kind, time.monotonic() - began)
        return reply

    def _answered(self, status: int, send: Callable[[], Reply], is_there: Callable[[], bool] | None = None) -> Reply:
        """Send until there is an answer. A refusal after a lost answer may be for what that one did: ``is_there``."""
        deadline, unsure = time.monotonic() + PATIENCE, False
        while True:
            try:
                reply: Reply | None = send()
            except Unexpected:
                reply = None  # the connection was cut
            if reply is not None and reply.status == 401:  # a token holds ten minutes
                self._sign_in()
                continue
            if reply is not None and reply.status != 503 and not _lost_a_race(reply):
                if reply.status == status or (
                    unsure and is_there is not None and reply.status in (409, 412) and is_there()
                ):
                    return reply
                raise AssertionError(f"{reply.status} instead of {status}: {reply.json or reply.body[:200]!r}")
            unsure = True
            self.tally.again()
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer within {PATIENCE:.0f} s")
            time.sleep(self.chance.uniform(0.05, 0.2))


def _lost_a_race(reply: Reply) -> bool:
    """All hands sign notes of one session: who came second three times is asked to send it once more."""
    return reply.status == 409 and bool(reply.json["type"] == "urn:amanah:problem:stream-moved")
