"""What the views of audit stand on."""

from dataclasses import dataclass

from services.kernel.service import Service
from services.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The service and its settings."""

    service: Service
    settings: Settings
