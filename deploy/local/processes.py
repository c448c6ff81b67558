"""The processes of one server: the one that was started and all that it started.

PostgreSQL puts each backend into a session of its own, so a signal to the process group would miss them. A server is
therefore its process tree, read from the system at the moment of the signal.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.02


def children_by_parent() -> dict[int, list[int]]:
    """Every process of this machine under the id of its parent; from /proc where there is one, else from ps."""
    tree: dict[int, list[int]] = defaultdict(list)
    if Path("/proc/self/stat").exists():
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                    tree[int(after_name[1])].append(int(entry.name))
        return tree
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        child, parent = line.split()
        tree[int(parent)].append(int(child))
    return tree


def family(pid: int) -> list[int]:
    """`pid` and all its descendants, parents first."""
    tree, found = children_by_parent(), [pid]
    for one in found:
        found += tree[one]
    return found


def running(pid: int) -> bool:
    """Whether the process still runs. One that ended and was not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
    else:
        return state not in "ZX"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    """The words a process was started with; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send one signal to each, in order. One that has ended meanwhile is no error."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_gone(pids: list[int], seconds: float) -> bool:
    """Wait until none of them runs; False if some still do after `seconds`."""
    deadline = time.monotonic() + seconds
    while any(map(running, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
