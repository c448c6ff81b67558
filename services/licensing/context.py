"""What licensing's views and its worker work with."""

from collections.abc import Callable
from dataclasses import dataclass

from services.kernel.http.policy import Caller, Target
from services.kernel.service import Service
from services.kernel.settings import Settings
from services.licensing.domain.attestation import AttestationText
from services.licensing.domain.rule import Rule


@dataclass(frozen=True, slots=True)
class Context:
    """``catalogue``: the rules that this release carries; ``texts``: the statements that counselors accept."""

    service: Service
    settings: Settings
    catalogue: tuple[Rule, ...]
    texts: tuple[AttestationText, ...]
    on_refused: Callable[[Caller, str, str, Target], None]
