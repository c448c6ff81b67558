"""Adoption: a rule counts only once the network adopted it, naming who decided and which source was read.

The same holds for a standard of the network's own, for a place without a statute. What was adopted when is the
fourth clock of a clearance: the rules as they were known. Of several editions the one adopted last counts, so a
release that carries an earlier one again can have it adopted again.

    published ──adopted──▶ adopted ──another edition is adopted──▶ superseded ──adopted again──▶ adopted
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from services.contracts.licensing import RuleAdopted
from services.kernel.errors import Conflict
from services.kernel.events import Entry
from services.kernel.fields import Hash, Id, PersonId
from services.kernel.time import Instant
from services.licensing.domain.rule import Rule, source_hash


@dataclass(frozen=True, slots=True)
class Adoption:
    """The network's decision that one edition of a rule counts, from the instant at which it was taken."""

    rule: Id
    edition: int
    adopted_by: PersonId
    source_read: Hash
    at: Instant


Adoptions = tuple[Adoption, ...]
RuleState = Literal["published", "adopted", "superseded"]


def evolve(state: Adoptions, entry: Entry[Any]) -> Adoptions:
    """All adoptions after one more entry; entries of other types change nothing."""
    event = entry.data
    if not isinstance(event, RuleAdopted):
        return state
    return (*state, Adoption(event.rule, event.edition, event.adopted_by, event.source_read, entry.time))


def check_adoption(rule: Rule, source_read: Hash, earlier: Adoptions) -> None:
    """Raise Conflict unless the person read the source as it stands now, and this edition is not adopted yet."""
    if source_read != source_hash(rule):
        raise Conflict("The source of this rule has changed since you read it", help="Read it again, then adopt it")
    if state_of(rule, earlier)[0] == "adopted":
        raise Conflict(f"{rule.id} is already adopted in this edition", help="Nothing is left to do for this rule")


def state_of(rule: Rule, adoptions: Adoptions) -> tuple[RuleState, Adoption | None]:
    """What became of a rule in the edition that is carried, and the last adoption of that edition."""
    of_it = [adoption for adoption in adoptions if adoption.rule == rule.id]
    mine = next((adoption for adoption in reversed(of_it) if adoption.edition == rule.edition), None)
    if mine is None:
        return "published", None
    return ("adopted" if mine is of_it[-1] else "superseded"), mine


def adopted(catalogue: Iterable[Rule], adoptions: Adoptions, known_at: Instant) -> tuple[Rule, ...]:
    """The rules that count by what had been adopted by `known_at`: of each, the edition that was adopted last."""
    editions = {adoption.rule: adoption.edition for adoption in adoptions if adoption.at <= known_at}
    counting = [rule for rule in catalogue if editions.get(rule.id) == rule.edition]
    return tuple(sorted(counting, key=lambda rule: rule.id))
