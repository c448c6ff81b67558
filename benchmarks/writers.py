"""Writers in processes and threads of their own, kept between the rounds, so that only the work itself is timed."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

Task = Callable[[int], object]


class Writers:
    """``processes`` times ``threads`` writers; each process makes its task once, by ``make`` (found by import)."""

    def __init__(self, make: Callable[[], Task], processes: int, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.count = processes * threads
        self._ends: list[Connection] = []
        self._processes = []
        for _ in range(processes):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, make, threads), daemon=True)
            process.start()
            self._ends.append(here)
            self._processes.append(process)
            here.recv()  # one after another: the peer makes its tables at its start

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for end in self._ends:
            end.send(None)
        for process in self._processes:
            process.join(10)

    def rate(self, items: Sequence[int]) -> float:
        """Items a second, from the first writer's begin to the last one's end."""
        for place, end in enumerate(self._ends):
            end.send(items[place :: len(self._ends)])
        spans = [end.recv() for end in self._ends]
        failed = next((span for span in spans if isinstance(span, str)), None)
        if failed:
            raise RuntimeError(f"a writer failed: {failed}")
        seconds: float = max(end for _, end in spans) - min(begin for begin, _ in spans)
        return len(items) / seconds


def _serve(end: Connection, make: Callable[[], Task], threads: int) -> None:
    task = make()
    with ThreadPoolExecutor(threads) as pool:
        end.send("ready")
        while (items := end.recv()) is not None:
            began = time.monotonic()  # the same clock in every process of the machine
            try:
                shares = [items[n::threads] for n in range(threads)]
                list(pool.map(lambda share: [task(item) for item in share], shares))
            except Exception as error:
                end.send(repr(error))
            else:
                end.send((began, time.monotonic()))
