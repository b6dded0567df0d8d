"""Every variable that the environment may hold is in docs/settings.md, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.contracts.tree import ROOT, code, parsed, place, told

PAGE = ROOT / "docs/settings.md"
_NAME = re.compile(r"(?:BACKLINE|DJANGO|CELERY|DATABASE|REDIS)_[A-Z_]+")
_READERS = {"text", "flag", "number", "words", "get", "getenv", "setdefault"}
# Written for child processes or read by Django itself; nobody sets them by hand.
INTERNAL = {"DJANGO_SETTINGS_MODULE"}


def _read_names() -> dict[str, str]:
    return {name: place(path, line) for path in code() for name, line in _reads(path) if name not in INTERNAL}


def _reads(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parsed(path)):
        name: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READERS:
            owner = ast.unparse(node.func.value)
            name = node.args[0] if node.args and owner in ("env", "os", "os.environ") else None
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            name = node.slice
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and _NAME.fullmatch(name.value):
            yield name.value, name.lineno


def test_every_variable_is_documented() -> None:
    page, names = PAGE.read_text(encoding="utf-8"), _read_names()
    assert "BACKLINE_QUEUES" in names, "This test no longer finds the settings."
    faults = [f"{where} reads {name}." for name, where in sorted(names.items()) if f"`{name}`" not in page]
    assert not faults, told(faults, "Describe it in docs/settings.md: variable, default, what it means.")


def test_no_documented_variable_is_without_effect() -> None:
    page = PAGE.read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    idle = sorted(described - set(_read_names()) - _named_in_strings())
    assert not idle, told(idle, "Nothing reads these. Take them out of docs/settings.md.")


def _named_in_strings() -> set[str]:
    constants = (node for path in code() for node in ast.walk(parsed(path)) if isinstance(node, ast.Constant))
    return {node.value for node in constants if isinstance(node.value, str) and _NAME.fullmatch(node.value)}
