"""The rules that this release carries, and which of them count."""

from typing import Any

from services.kernel.codec import to_plain
from services.kernel.http.paging import Page, PageRequest, encode_cursor
from services.kernel.work import Work
from services.licensing.domain.adoption import Adoptions, state_of
from services.licensing.domain.rule import Rule, source_hash
from services.licensing.lookups import load_adoptions


def list_rules(work: Work, catalogue: tuple[Rule, ...], place: str | None, page: PageRequest) -> Page[dict[str, Any]]:
    """The rules by id, of one jurisdiction or of all."""
    after = page.after(rule=str)
    wanted = [rule for rule in catalogue if place in (None, rule.jurisdiction)]
    rest = [rule for rule in wanted if after is None or rule.id > after["rule"]]
    shown = rest[: page.limit]
    adoptions = load_adoptions(work)
    cursor = encode_cursor(rule=shown[-1].id) if len(rest) > page.limit else None
    return Page(tuple(_rule(rule, adoptions) for rule in shown), cursor)


def read_rule(work: Work, rule: Rule) -> dict[str, Any]:
    """One rule with all its versions and their sources."""
    return _rule(rule, load_adoptions(work))


def _rule(rule: Rule, adoptions: Adoptions) -> dict[str, Any]:
    shown: dict[str, Any] = to_plain(rule)
    state, adoption = state_of(rule, adoptions)
    return {
        "rule": shown.pop("id"),
        "state": state,
        "adopted": {"by": adoption.adopted_by, "at": adoption.at} if adoption else None,
        "source_hash": source_hash(rule),
    } | shown
