"""Who may do what in audit. An operation that is not in this table does not exist.

A clinic's officer sees that clinic, the network's officer what belongs to no clinic; neither sees the other's. What is
published for everybody (checkpoint, key, status) tells volume only; tiles tell it leaf by leaf, so they are for
officers.
"""

from dataclasses import dataclass
from typing import ClassVar

from services.kernel.http.rules import Caller, Rule, Target, anyone


@dataclass(frozen=True, slots=True)
class OfficerOfIt:
    """The compliance officer of the clinic of the object; of the network, where it belongs to none."""

    reason: ClassVar[str] = "role-missing"
    needs_target: ClassVar[bool] = True

    def allows(self, caller: Caller, target: Target) -> bool:
        if target.clinic is None:
            return caller.has_network_role("officer")
        return caller.has_role(target.clinic, "officer")

    def __str__(self) -> str:
        return "the officer of this clinic, or of the network where it belongs to no clinic"


@dataclass(frozen=True, slots=True)
class OfficerWhoExported:
    """As ``OfficerOfIt``, and the same person who made it."""

    reason: ClassVar[str] = "not-own"
    needs_target: ClassVar[bool] = True

    def allows(self, caller: Caller, target: Target) -> bool:
        return OfficerOfIt().allows(caller, target) and caller.claims is not None and caller.account == target.account

    def __str__(self) -> str:
        return "the officer who exported it"


@dataclass(frozen=True, slots=True)
class AnyOfficer:
    """An officer of any clinic, or of the network."""

    reason: ClassVar[str] = "role-missing"
    needs_target: ClassVar[bool] = False

    def allows(self, caller: Caller, target: Target) -> bool:
        return bool(caller.clinics_with("officer")) or caller.has_network_role("officer")

    def __str__(self) -> str:
        return "any officer"


OPERATIONS: dict[str, Rule] = {
    "read-trail": OfficerOfIt(),
    "read-entry": OfficerOfIt(),
    "export-bundle": OfficerOfIt(),
    "download-bundle": OfficerWhoExported(),
    "read-tile": AnyOfficer(),
    "read-checkpoint": anyone(),
    "read-log-key": anyone(),
    "read-status": anyone(),
}
