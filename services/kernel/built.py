"""A service as its composition root hands it over: what answers requests, and what works beside it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import MetaData

from services.kernel.listening import Listener
from services.kernel.log.port import Log
from services.kernel.parts import Assembly
from services.kernel.service import Service
from services.kernel.worker import Worker


@dataclass(frozen=True, slots=True)
class Built:
    """One service, put together. ``tables`` are the read models that a rebuild makes anew; ``listener`` is what replays
    parked events (audit parks nothing and has none)."""

    assembly: Assembly
    app: Flask
    make_worker: Callable[[Log], Worker]
    tables: MetaData
    listener: Listener | None = None

    @property
    def service(self) -> Service:
        return self.assembly.service

    def close(self) -> None:
        """Let go of the database."""
        self.service.backend.dispose()
