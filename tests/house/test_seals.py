"""Words leave the house only behind a recorded look: who may open a seal, read off the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Where words serve a decision that is then appended, or a letter to the person themselves. Nothing of them is answered.
FOR_DECISIONS = {
    "services/identity/commands/invitations.py",
    "services/identity/posting.py",
    "services/kernel/work.py",
    "services/sessions/commands/meeting.py",
    "services/sessions/queries/judging.py",
}


def calls(*names: str) -> Iterator[tuple[str, str]]:
    """(module, what is called) for each call of ``something.<name>(...)`` in the services."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                yield str(path.relative_to(ROOT)), ast.unparse(node.func)


def test_only_the_reading_room_opens_seals() -> None:
    opening = {module for module, called in calls("open") if called.split(".")[-2] in ("sealer", "_sealer")}
    assert opening == {"services/kernel/reading.py"}


def test_words_are_opened_for_decisions_in_these_places_only() -> None:
    deciding = {module for module, _ in calls("for_decision")}
    deciding |= {module for module, called in calls("open") if called.split(".")[-2:] == ["work", "open"]}
    assert deciding <= FOR_DECISIONS


def test_no_service_takes_the_crypto_into_its_own_hands() -> None:
    own = []
    for path in sorted((ROOT / "services").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module in ("services.kernel.keys.sealing", "services.kernel.sealer") and "kernel/" not in name:
                own.append(name)
    assert own == []


def test_data_keys_are_opened_in_one_place_and_used_in_one() -> None:
    keys = {module for module, called in calls("open_keys") if called.split(".")[-2].lstrip("_") == "keys"}
    assert keys == {"services/kernel/sealer.py"}
    assert {module for module, _ in calls("unwrap")} == {"services/kernel/keys/cache.py"}
