"""What a part is, and how one is found.

A part is looked for in one order, the same for all: an address in the environment, a wheel among the development
dependencies, a program on this machine. The first that is there is taken. What is not there is a `Missing`, which says
what to install; whether that is a failure is for the caller to say.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Name = Literal["postgres", "kafka", "bao"]
Found = Literal["address in the environment", "wheel", "program"]
NAMES: tuple[Name, ...] = ("postgres", "kafka", "bao")
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Part:
    """One real part that runs. `version` is what the running server answered, not what was installed."""

    name: Name
    version: str
    found: Found
    address: str


@dataclass(frozen=True)
class Program:
    """Where the files of a part are: a folder of programs, one program, or a folder of jars."""

    name: Name
    found: Found
    path: Path


class Missing(Exception):
    """A part that could not be had here. The text says why, and what to install or set."""

    def __init__(self, name: Name, reason: str, cure: str) -> None:
        super().__init__(f"{name}: {reason}. {cure}")
        self.name, self.reason, self.cure = name, reason, cure


def from_environment(variable: str) -> str | None:
    """The value of an environment variable, or None where it is absent or empty."""
    return os.environ.get(variable, "").strip() or None


def wheel_folder(module: str) -> Path | None:
    """The folder of an installed module, without importing it; None where it is not installed."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def program_on_path(*names: str) -> Path | None:
    """The first of these programs that PATH knows, links followed to the file itself."""
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found).resolve() if found else None


def free_ports(count: int) -> list[int]:
    """`count` different TCP ports of this host that were free a moment ago."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def reachable_by_others(path: Path) -> bool:
    """Whether any user may go down to `path`: enter it, if it is a folder; read (and run) it, if it is a file."""
    *folders, last = [*reversed(path.resolve().parents), path.resolve()]
    mode = last.stat().st_mode
    wanted = stat.S_IXOTH if last.is_dir() else stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders) and mode & wanted == wanted


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read. It is whole or not there: written beside, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.rename(path)


def last_lines(log: Path, count: int = 8) -> Iterator[str]:
    """The last lines of a server's log, for the error that says why it did not start."""
    if log.exists():
        yield from log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
