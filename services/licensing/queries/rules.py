"""The rules that this release carries, and which of them count."""

from typing import Any

from services.kernel.codec import to_plain
from services.kernel.http.paging import Page, PageRequest, encode_cursor
from services.kernel.work import Work
from services.licensing.domain.adoption import Adoption
from services.licensing.domain.rule import Rule, source_hash
from services.licensing.lookups import load_adoptions


def list_rules(work: Work, catalogue: tuple[Rule, ...], place: str | None, page: PageRequest) -> Page[dict[str, Any]]:
    """The rules by id, of one jurisdiction or of all."""
    after = page.after(rule=str)
    wanted = [rule for rule in catalogue if place in (None, rule.jurisdiction)]
    rest = [rule for rule in wanted if after is None or rule.id > after["rule"]]
    shown = rest[: page.limit]
    adoptions = {(adoption.rule, adoption.edition): adoption for adoption in load_adoptions(work)}
    cursor = encode_cursor(rule=shown[-1].id) if len(rest) > page.limit else None
    return Page(tuple(_rule(rule, adoptions.get((rule.id, rule.edition))) for rule in shown), cursor)


def read_rule(work: Work, rule: Rule) -> dict[str, Any]:
    """One rule with all its versions and their sources."""
    found = [each for each in load_adoptions(work) if (each.rule, each.edition) == (rule.id, rule.edition)]
    return _rule(rule, found[-1] if found else None)


def _rule(rule: Rule, adoption: Adoption | None) -> dict[str, Any]:
    shown: dict[str, Any] = to_plain(rule)
    adopted = {"by": adoption.adopted_by, "at": adoption.at} if adoption else None
    return {
        "rule": shown.pop("id"),
        "state": "adopted" if adoption else "published",
        "adopted": adopted,
        "source_hash": source_hash(rule),
    } | shown
