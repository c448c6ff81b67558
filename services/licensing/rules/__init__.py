"""The rules that this release carries: one YAML file a rule, `PLACE/name.yaml`, read strictly.

Every file is a draft until the network adopts it. A file's id is its place and name; a change of content raises its
`edition`, which then has to be adopted anew.
"""

from pathlib import Path

import yaml

from services.contracts.practice.reading import DataFileError
from services.licensing.domain.rule import Rule
from services.licensing.domain.rule_file import parse_rule

_HERE = Path(__file__).parent


def load_rules(folder: Path = _HERE) -> tuple[Rule, ...]:
    """All rules of `folder`, by id. Raises DataFileError, which names the file, the place in it and what to do."""
    return tuple(sorted((_load(path, folder) for path in folder.glob("*/*.yaml")), key=lambda rule: rule.id))


def _load(path: Path, folder: Path) -> Rule:
    name = path.relative_to(folder).as_posix()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataFileError(name, "the file", f"is not YAML ({error})", "correct the line that it names") from None
    rule = parse_rule(content, name)
    expected = f"{path.parent.name.lower()}.{path.stem}"
    if rule.id != expected or rule.jurisdiction != path.parent.name:
        raise DataFileError(name, "id", f"{rule.id!r} does not fit the file's place and name", f"write {expected}")
    return rule
