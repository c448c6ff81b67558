"""What identity's views and its worker work with."""

from collections.abc import Callable
from dataclasses import dataclass

from services.identity.mail import Mailer
from services.identity.passwords import Passwords
from services.kernel.http.policy import Caller, Target
from services.kernel.service import Service
from services.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    service: Service
    settings: Settings
    passwords: Passwords
    mailer: Mailer
    on_refused: Callable[[Caller, str, str, Target], None]
