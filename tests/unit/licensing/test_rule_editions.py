"""A rule whose content changes has a new edition: the network adopted what it read, and nothing else may count.

``rule_editions.json`` holds the hash of every edition that was released. A line is only ever added.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

import services.licensing.rules

RULES = Path(services.licensing.rules.__file__).parent
RELEASED = json.loads((Path(__file__).parent / "rule_editions.json").read_text(encoding="utf-8"))
FILES = {f"{path.parent.name.lower()}.{path.stem}": path for path in sorted(RULES.glob("*/*.yaml"))}


def content_hash(text: str) -> str:
    """SHA-256 over what a rule file says; its notes are for the reader of the file only."""
    form = json.dumps(_without_notes(yaml.safe_load(text)), sort_keys=True, default=str)
    return sha256(form.encode()).hexdigest()


def _without_notes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_notes(each) for key, each in value.items() if key != "note"}
    return [_without_notes(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("rule", FILES)
def test_a_changed_rule_has_a_new_edition(rule: str) -> None:
    text = FILES[rule].read_text(encoding="utf-8")
    edition, found = str(yaml.safe_load(text)["edition"]), content_hash(text)
    released = RELEASED.get(rule, {})
    assert released.get(edition, found) == found, (
        f"{rule} says something else than edition {edition} did when it was released. Raise `edition` in its file, so "
        "that the network reads and adopts it anew, and add the new edition to rule_editions.json"
    )
    assert edition in released, f'add to rule_editions.json, at "{rule}": "{edition}": "{found}"'
    assert int(edition) == max(map(int, released)), "an edition that was released is not given again"


def test_no_released_rule_is_forgotten() -> None:
    """A rule that is given up keeps its lines, so that its id never comes to mean something else."""
    assert list(RELEASED) == sorted(RELEASED)
    assert set(FILES) <= set(RELEASED)
