"""A rule of the house: what is logged is a fixed phrase with named fields. The formatter writes nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

from services.kernel.logs import FIELDS

ROOT = Path(__file__).parents[2]
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "_log" | "logger"), attr=name)) if (
                    name in LEVELS
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_a_phrase_is_fixed_and_short_and_takes_no_values() -> None:
    calls = list(log_calls())
    assert len(calls) > 10
    wrong = [place for place, call in calls if len(call.args) != 1 or not _is_fixed(call.args[0])]
    assert wrong == [], "write a fixed phrase of at most 120 characters; values go into extra="


def _is_fixed(phrase: ast.expr) -> bool:
    text = phrase.value if isinstance(phrase, ast.Constant) else None
    return isinstance(text, str) and "%" not in text and len(text) <= 120


def test_every_named_field_is_one_that_is_written() -> None:
    given = {
        (place, key.value)
        for place, call in log_calls()
        for word in call.keywords
        if word.arg == "extra"
        for found in ast.walk(word.value)
        if isinstance(found, ast.Dict)
        for key in found.keys
        if isinstance(key, ast.Constant)
    }
    assert given
    assert {(place, name) for place, name in given if name not in FIELDS} == set()
