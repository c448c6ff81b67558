"""The verifier's answer: which checks passed, what that proves, and what it does not prove."""

from dataclasses import dataclass
from enum import StrEnum

CHECKS = {
    "zip": "the archive is exactly in the form in which bundles are written",
    "manifest": "the manifest can be read and its count fits its list",
    "files": "exactly the files that the manifest calls for are there",
    "checkpoint-form": "the checkpoint is a signed note of the log and the size that the manifest names",
    "checkpoint-signature": "the signatures of the checkpoint hold",
    "leaf-form": "every leaf is in its one form",
    "event-bytes": "the SHA-256 of every event's bytes is the one in its leaf",
    "leaf-matches-event": "every event is of the service and has the id that its leaf and the manifest name",
    "inclusion": "every leaf stands in the signed tree at its index",
    "chain": "in every lane the order rises, and neighbouring events are chained",
    "filter": "every event matches the filter that the manifest states",
    "completeness-statement": "what is said about completeness was checked as far as it can be",
}
"""Every check by name, in the order in which they are made."""


class Outcome(StrEnum):
    """How the verification ended."""

    PROVEN = "proven"
    SIGNER_UNKNOWN = "consistent with itself, signer unknown"
    FAILED = "failed"


_EXIT_CODES = {Outcome.PROVEN: 0, Outcome.FAILED: 1, Outcome.SIGNER_UNKNOWN: 2}


@dataclass(frozen=True, slots=True)
class Report:
    """The result for one bundle.

    ``passed`` are the names of the checks that held, in order. When one failed, ``failed`` is its name and ``reason``
    says what was found. ``proves`` and ``leaves_open`` are sentences for people. ``sha256`` is that of the bundle.
    """

    outcome: Outcome
    passed: tuple[str, ...]
    sha256: str
    failed: str | None = None
    reason: str = ""
    proves: tuple[str, ...] = ()
    leaves_open: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 proven, 1 failed, 2 consistent with itself but the signer is unknown."""
        return _EXIT_CODES[self.outcome]

    def as_dict(self) -> dict[str, object]:
        """The report for programs: JSON-shaped."""
        return {
            "outcome": self.outcome.value,
            "exit_code": self.exit_code,
            "passed": list(self.passed),
            "failed": self.failed,
            "reason": self.reason,
            "proves": list(self.proves),
            "leaves_open": list(self.leaves_open),
            "sha256": self.sha256,
        }

    def text(self) -> str:
        """The report for people, ending in a newline."""
        width = max(map(len, CHECKS))
        lines = [f"Result: {self.outcome}", "", "Checks"]
        lines += [f"  ok      {name:<{width}}  {CHECKS[name]}" for name in self.passed]
        if self.failed:
            lines.append(f"  FAILED  {self.failed:<{width}}  {self.reason}")
        for title, sentences in (("What this proves", self.proves), ("What this does not prove", self.leaves_open)):
            if sentences:
                lines += ["", title, *(f"  - {sentence}" for sentence in sentences)]
        return "\n".join([*lines, "", f"SHA-256 of the bundle: {self.sha256}", ""])
