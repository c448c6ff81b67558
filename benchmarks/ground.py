"""What every benchmark stands on: the machine named, real servers, fair turns, a table with its goals.

Versions and durability are asked from the running servers, not taken from what was installed.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import click

from deploy.local import postgres
from deploy.local.postgres import Postgres

ROUNDS = 5
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")


class Skipped(Exception):
    """This benchmark cannot run here yet; the text says why."""


@dataclass(slots=True)
class Report:
    """One benchmark's lines. Everything is printed at once, at the end."""

    title: str
    notes: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """A sentence above the table."""
        self.notes.append(text)

    def figures(self, what: str, values: list[float], unit: str) -> float:
        """One row: the median of the rounds, and their range. Returns the median."""
        middle = statistics.median(values)
        spread = f"{_short(min(values))} .. {_short(max(values))}" if len(values) > 1 else ""
        self.lines.append(f"  {what:<66}{_short(middle):>11} {unit:<11}{spread}")
        return middle

    def ratio(self, what: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
        """One ratio (or figure with a limit) and, where there is a goal, whether it was met."""
        goal = ""
        if at_least is not None or at_most is not None:
            met = value >= at_least if at_least is not None else value <= (at_most or 0.0)
            words = f"at least {at_least}" if at_least is not None else f"at most {_short(at_most or 0.0)}"
            goal = f"goal {words}: {'met' if met else 'MISSED'}"
            if not met:
                self.missed.append(f"{self.title}: {what} is {_short(value)}, {goal[:-8]}")
        self.lines.append(f"  = {what:<64}{_short(value):>11} {goal}")

    def gap(self, heading: str) -> None:
        self.lines.append(f"\n  {heading}")

    def show(self) -> None:
        click.echo(f"\n== {self.title}")
        for line in (*(f"  {note}" for note in self.notes), *self.lines):
            click.echo(line)


def machine() -> str:
    """Processors, their model, Python and the libraries that take part."""
    libraries = ("sqlalchemy", "psycopg", "msgspec", "cryptography", "kafka-python", "eventsourcing")
    told = ", ".join(f"{name} {version(name)}" for name in libraries)
    load = os.getloadavg()[0]
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cpus} processors ({_model()}), load {load:.1f} at the start; "
        f"{platform.python_implementation()} {platform.python_version()}; {told}"
    )


def take_turns(contenders: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Run each contender once a round, in an order that moves on each round; their results by name."""
    names = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(contenders[name]())
    return found


def per_second(work: Callable[[], object], count: int) -> float:
    """How many of ``count`` things ``work`` does in a second."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def paired(found: Mapping[str, list[float]], one: str, other: str) -> float:
    """The median over the rounds of ``one`` divided by ``other``: what slows a whole round down slows both."""
    return statistics.median(a / b for a, b in zip(found[one], found[other], strict=True))


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder that is gone afterwards. Others may pass through it: root's PostgreSQL runs as another user."""
    with tempfile.TemporaryDirectory(prefix="amanah-benchmark-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name).resolve()


@contextmanager
def durable_postgres(place: Path) -> Iterator[Postgres]:
    """A PostgreSQL whose commits are on the disk when they are answered."""
    server = postgres.start(place / "postgres", durable=True)
    try:
        yield server
    finally:
        server.stop()


def describe(server: Postgres) -> str:
    """Version and durability, as the running server says."""
    with server.connect() as db:
        said = {name: db.execute("select current_setting(%s)", [name]).fetchone() for name in DURABILITY}
    settings = ", ".join(f"{name}={row[0]}" for name, row in said.items() if row)
    return f"PostgreSQL {server.part.version}: {settings}"


def _model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}"
