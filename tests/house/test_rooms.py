"""The rules of the house that can be tests: sizes, the same rooms, docstrings, and what may not be written."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kernel.settings import SERVICES

ROOT = Path(__file__).parents[2]
MODULE_LINES = 400
FUNCTION_LINES = 40
ROOMS = ("domain", "commands", "reactions", "readmodels", "queries", "policy", "examples", "api", "app", "migrations")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def names(paths: Iterator[Path]) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in paths)


@pytest.mark.parametrize("name", names(modules("services", "deploy", "benchmarks", "tests")))
def test_a_module_is_short_and_says_what_it_is(name: str) -> None:
    text = (ROOT / name).read_text()
    assert text.count("\n") <= MODULE_LINES, f"{name} is long: make it a folder, split by noun"
    tree = ast.parse(text)
    if text.strip():
        assert ast.get_docstring(tree), f"{name} does not say what it owns"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{name}: {node.name} has {length} lines"


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service: str) -> None:
    home = ROOT / "services" / service
    missing = [room for room in ROOMS if not (home / room).exists() and not (home / f"{room}.py").exists()]
    assert missing == []


@pytest.mark.parametrize("name", names(modules("services")))
def test_nothing_is_left_open(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", text)


def test_only_public_events_cross_between_services() -> None:
    from services.contracts import audit, identity, licensing, sessions  # noqa: F401
    from services.kernel.events import event_type, find_type

    private: list[str] = []
    for service in SERVICES:
        for path in modules(f"services/{service}"):
            for other in SERVICES:
                if other == service or service == "audit":
                    continue
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.ImportFrom) and node.module == f"services.contracts.{other}":
                        module = __import__(node.module, fromlist=["*"])
                        for alias in node.names:
                            cls = getattr(module, alias.name)
                            declared = event_type(cls) if isinstance(cls, type) and _is_event(cls) else None
                            if declared and not declared.public:
                                private.append(f"{path.relative_to(ROOT)}: {declared.name}")
    assert private == []
    assert find_type("identity.clinic-founded") is not None


def _is_event(cls: type) -> bool:
    from services.kernel.events import event_type

    try:
        event_type(cls)
    except KeyError:
        return False
    return True
