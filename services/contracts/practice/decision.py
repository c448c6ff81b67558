"""The answer of `judge`, which explains itself."""

from dataclasses import dataclass

from services.contracts.practice.clearance import Condition, Reason, RuleRef
from services.contracts.vocabulary import Obligation, Profession, ReasonCode, RouteKind, Truth, Verdict
from services.kernel.fields import Hash, Id
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition (None: time, doubt or block), its truth, and the reason."""

    truth: Truth
    reason: Reason
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class RouteFinding:
    """One route with every condition and its outcome; nothing is left out because another already failed."""

    clearance: Id
    profession: Profession
    kind: RouteKind
    truth: Truth
    findings: tuple[Finding, ...]
    sources: tuple[RuleRef, ...]
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True)
class DecisionRef:
    """What of a decision stands in clear in an event: codes only, and what pins its inputs."""

    verdict: Verdict
    clearance: Id
    revision: int
    codes: tuple[ReasonCode, ...]
    inputs_hash: Hash


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict at `at`, with every reason and every route.

    `clearance` and `revision` name the clearance that carries the verdict (empty and 0: there was none).
    `next_change_at` is the earliest later instant at which the verdict differs, facts unchanged (None: never).
    """

    verdict: Verdict
    at: Instant
    reasons: tuple[Reason, ...]
    routes: tuple[RouteFinding, ...]
    consent: tuple[Finding, ...]
    obligations: tuple[Obligation, ...]
    next_change_at: Instant | None
    inputs_hash: Hash
    clearance: Id
    revision: int

    def ref(self) -> DecisionRef:
        """The part that may stand in clear."""
        codes = tuple(sorted({reason.code for reason in self.reasons}))
        return DecisionRef(self.verdict, self.clearance, self.revision, codes, self.inputs_hash)
