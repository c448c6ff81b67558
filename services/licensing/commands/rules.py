"""The rules of a release, and their adoption by the network."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from services.contracts.licensing import PlaceRulesPublished, RuleAdopted, RulesetPublished
from services.contracts.practice import PlaceRules
from services.kernel.codec import from_plain
from services.kernel.errors import FieldError, Invalid, NotFound
from services.kernel.fields import Hash, Id, Place
from services.kernel.work import Work
from services.licensing import streams
from services.licensing.commands.due import mark_everybody_due
from services.licensing.domain.adoption import Adoption, Adoptions, adopted, check_adoption
from services.licensing.domain.place_rules import derive_place_rules, ruled_places
from services.licensing.domain.rule import Rule, ruleset_hash, source_hash
from services.licensing.lookups import actor, everything_known, load_adoptions
from services.licensing.readmodels import place_rules


@dataclass(frozen=True, slots=True)
class Adopt:
    """Adopt this edition of a rule; ``source_read`` is the hash of the source block that was read."""

    rule: Id
    edition: int
    source_read: Hash


def publish_ruleset(work: Work, catalogue: tuple[Rule, ...]) -> bool:
    """Publish the rules that this release carries, unless they are published; whether it was done.

    A rule whose file changed has a new edition, which does not count before it is adopted anew; so what followed from
    the old one is derived again.
    """
    if not _note_ruleset(work, catalogue):
        return False
    _publish_place_rules(work, catalogue, load_adoptions(work))
    mark_everybody_due(work)
    return True


def adopt_rule(work: Work, order: Adopt, catalogue: tuple[Rule, ...]) -> Id:
    """From now on the rule counts in the network. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    rule = find_rule(catalogue, order.rule)
    _ensure_as_shown(rule, order)
    _note_ruleset(work, catalogue)
    earlier = load_adoptions(work)
    check_adoption(rule, order.source_read, earlier)
    event = RuleAdopted(
        rule=rule.id,
        edition=rule.edition,
        ruleset_hash=ruleset_hash(catalogue),
        adopted_by=actor(work),
        source_read=order.source_read,
    )
    work.append(streams.ADOPTIONS, event)
    now = Adoption(rule.id, rule.edition, actor(work), order.source_read, work.now)
    _publish_place_rules(work, catalogue, (*earlier, now))
    mark_everybody_due(work)
    return rule.id


def find_rule(catalogue: Iterable[Rule], rule: str) -> Rule:
    """A rule that this release carries. Raises ``NotFound``."""
    found = next((each for each in catalogue if each.id == rule), None)
    if found is None:
        raise NotFound("There is no rule by this id.", help="GET /licensing/v1/rules lists the rules.")
    return found


def _ensure_as_shown(rule: Rule, order: Adopt) -> None:
    """Only what was read as it stands now can be adopted."""
    wrong = []
    if order.edition != rule.edition:
        wrong.append(FieldError("/edition", f"The rule is in edition {rule.edition}."))
    if order.source_read != source_hash(rule):
        wrong.append(FieldError("/source_read", "This is not the source_hash of the rule as it stands now."))
    if wrong:
        help = f"Read GET /licensing/v1/rules/{rule.id} and its sources; send its edition and its source_hash."
        raise Invalid("What you read is not this rule as it stands now.", help=help, errors=tuple(wrong))


def _note_ruleset(work: Work, catalogue: tuple[Rule, ...]) -> bool:
    entries, ruleset = work.entries(streams.RULESET), ruleset_hash(catalogue)
    if entries and entries[-1].data.ruleset_hash == ruleset:
        return False
    published = RulesetPublished(
        ruleset_hash=ruleset,
        rules=tuple(rule.id for rule in catalogue),
        editions=tuple(rule.edition for rule in catalogue),
    )
    work.append(streams.RULESET, published)
    return True


def _publish_place_rules(work: Work, catalogue: tuple[Rule, ...], adoptions: Adoptions) -> None:
    """A revision for each place whose rules say something new; also for one whose last rule counts no more."""
    as_of = everything_known(work.now, None, adoptions)
    rows = work.query(select(place_rules))
    published: dict[Place, PlaceRules] = {r["place"]: from_plain(json.loads(r["body"]), PlaceRules) for r in rows}
    counting = adopted(catalogue, adoptions, as_of.rules_known_at)
    for place in sorted({*ruled_places(counting), *published}):
        before = published.get(place)
        made = derive_place_rules(place, catalogue, adoptions, as_of, zone=before.zone if before else None)
        if made != before:
            stream = streams.place_rules(place)
            revision = len(work.entries(stream)) + 1
            work.append(stream, PlaceRulesPublished(revision=revision, rules=made, ruleset_hash=made.ruleset_hash))
