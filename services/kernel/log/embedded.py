"""The event log in one SQLite file: the default, with nothing to install.

Safe for the threads of a process and for several processes. A publish is one transaction (WAL, ``synchronous=FULL``),
so it is in the log whole or not at all. Readers of the same process are woken; those of other processes look again
every 50 ms.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.kernel.log.port import Head, LogUnavailable, Message, PositionLost

_SCHEMA = """
begin immediate;
create table if not exists lanes (
    service text not null, lane integer not null, primary key (service, lane)) without rowid;
create table if not exists messages (
    service text not null, lane integer not null, place integer not null, sequence integer not null,
    chain blob not null, incarnation text not null, body blob not null,
    primary key (service, lane, place));
create table if not exists heads (
    service text not null, lane integer not null, incarnation text not null, sequence integer not null,
    chain blob not null, time text not null, primary key (service, lane)) without rowid;
commit;
"""
_COLUMNS = "service, lane, sequence, chain, incarnation, body, place"
_READ = f"select {_COLUMNS} from messages where service = ? and lane = ? and place >= ? order by place limit ?"
_TAIL = f"select {_COLUMNS} from messages where service = ? and lane = ? order by place desc limit 1"
_END = "select coalesce(max(place), -1) + 1 from messages where service = ? and lane = ?"
_INSERT = f"insert into messages ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)"

_GLANCE = 0.05  # seconds between two looks for what another process has written
_PATIENCE = 10.0  # seconds to wait for another writer
_BATCH = 500  # messages a poll gives at most


class EmbeddedLog:
    """The event log in the file at ``path``; its folder must exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mine = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._writing = threading.Lock()
        self._news = threading.Condition()
        self._news_count = 0
        with self._database() as db:
            _enter_wal(db)
            db.executescript(_SCHEMA)

    def publish(self, service: str, lane: int, messages: Sequence[Message]) -> None:
        with self._writing, self._database() as db, _transaction(db):
            self._require(db, service, lane)
            (end,) = db.execute(_END, (service, lane)).fetchone()
            db.executemany(
                _INSERT,
                (
                    (service, lane, message.sequence, message.chain, message.incarnation, message.body, place)
                    for place, message in enumerate(messages, end)
                ),
            )
        with self._news:
            self._news_count += 1
            self._news.notify_all()

    def tail(self, service: str, lane: int) -> Message | None:
        with self._database() as db:
            self._require(db, service, lane)
            row = db.execute(_TAIL, (service, lane)).fetchone()
        return Message(*row) if row else None

    def read(self, service: str, lane: int, offset: int, limit: int = 500, wait: float = 0.0) -> list[Message]:
        return self.await_news(lambda: self.peek(service, lane, offset, limit), wait)

    def follow(self, starts: Mapping[tuple[str, int], int]) -> "EmbeddedSubscription":
        return EmbeddedSubscription(self, starts)

    def put_head(self, head: Head) -> None:
        row = (head.service, head.lane, head.incarnation, head.sequence, head.chain, head.time)
        with self._writing, self._database() as db, _transaction(db):
            db.execute("insert or replace into heads values (?, ?, ?, ?, ?, ?)", row)

    def heads(self) -> list[Head]:
        with self._database() as db:
            rows = db.execute("select service, lane, incarnation, sequence, chain, time from heads").fetchall()
        return [Head(*row) for row in rows]

    def make_topics(self, lanes: Mapping[str, int]) -> None:
        rows = [(service, lane) for service, count in lanes.items() for lane in range(count)]
        with self._writing, self._database() as db, _transaction(db):
            db.executemany("insert or ignore into lanes values (?, ?)", rows)

    def probe(self) -> None:
        with self._database() as db:
            db.execute("select count(*) from lanes").fetchone()

    def version(self) -> str:
        with self._database() as db:
            (version,) = db.execute("select sqlite_version()").fetchone()
        return f"SQLite {version}"

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()
        self._mine = threading.local()

    def peek(self, service: str, lane: int, offset: int, limit: int) -> list[Message]:
        """What stands at ``offset`` and after it, without waiting."""
        with self._database() as db:
            rows = db.execute(_READ, (service, lane, offset, limit)).fetchall() if offset >= 0 else []
            if not rows:
                self._require(db, service, lane)
                (end,) = db.execute(_END, (service, lane)).fetchone()
                if not 0 <= offset <= end:
                    raise PositionLost(service, lane, offset)
        return [Message(*row) for row in rows]

    def await_news(self, look: Callable[[], list[Message]], timeout: float) -> list[Message]:
        """What ``look`` finds, asked again on every sign of news until it finds something or the time is over."""
        deadline = time.monotonic() + timeout
        while True:
            seen = self._news_count
            found = look()
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            with self._news:
                if self._news_count == seen:
                    self._news.wait(min(left, _GLANCE))

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection; an SQLite connection must not cross a fork either."""
        try:
            if getattr(self._mine, "process", None) != os.getpid():
                self._mine.db = sqlite3.connect(
                    self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
                )
                self._mine.db.execute("pragma synchronous = full")
                self._mine.process = os.getpid()
                self._opened.append(self._mine.db)
            yield self._mine.db
        except sqlite3.Error as error:
            raise LogUnavailable(
                f"The event log file cannot be used: {error}",
                help=f"Check that {self._path.name} is writable, not damaged, and that the disk has room.",
                retry_after=5,
            ) from error

    def _require(self, db: sqlite3.Connection, service: str, lane: int) -> None:
        if not db.execute("select 1 from lanes where service = ? and lane = ?", (service, lane)).fetchone():
            raise LogUnavailable(
                f"The event log has no lane {lane} of {service}", help="Make it: amanah topics", retry_after=5
            )


class EmbeddedSubscription:
    """One reader of several lanes of an ``EmbeddedLog``."""

    def __init__(self, log: EmbeddedLog, starts: Mapping[tuple[str, int], int]) -> None:
        self._log = log
        self._places = dict(starts)
        self._paused: set[tuple[str, int]] = set()

    def poll(self, timeout: float) -> list[Message]:
        found = self._log.await_news(self._look, timeout)
        for message in found:
            self._places[message.service, message.lane] = message.offset + 1
        return found

    def seek(self, service: str, lane: int, offset: int) -> None:
        self._places[service, lane] = offset
        self._paused.discard((service, lane))

    def pause(self, service: str, lane: int) -> None:
        self._paused.add((service, lane))

    def close(self) -> None:
        self._places.clear()

    def _look(self) -> list[Message]:
        found: list[Message] = []
        for (service, lane), offset in self._places.items():
            if (service, lane) not in self._paused:
                found += self._log.peek(service, lane, offset, _BATCH)
        return found


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One writing transaction. IMMEDIATE: a lock that is taken late cannot be waited for."""
    db.execute("begin immediate")
    try:
        yield
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log, once. Two processes may try at the same moment; SQLite lets one wait."""
    deadline = time.monotonic() + _PATIENCE
    while db.execute("pragma journal_mode").fetchone() != ("wal",):
        try:
            db.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError:  # the other process is just doing it
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
