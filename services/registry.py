"""The four services by name. The only place that knows them all, besides ``embedded``."""

from importlib import import_module

from services.kernel.built import Built
from services.kernel.settings import SERVICES, Settings
from services.kernel.time import Clock, system_clock


def build(name: str, settings: Settings, clock: Clock = system_clock) -> Built:
    """Put one service together. Only that service's modules are loaded."""
    if name not in SERVICES:
        raise ValueError(f"there is no service {name!r}; choose one of {', '.join(SERVICES)}")
    built: Built = import_module(f"services.{name}.app").build(settings, clock)
    return built
