"""The project's own files, read once, for the tests that guard the shape of the code."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("apps", "config", "tasks")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def files(ending: str = "") -> tuple[Path, ...]:
    """Return the project's files with this ending: tracked ones, and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive
        names = [
            str(path.relative_to(ROOT))
            for path in ROOT.rglob("*")
            if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
        ]
    paths = (ROOT / name for name in names if name.endswith(ending))
    return tuple(sorted(path for path in paths if path.is_file()))


def code(*folders: str) -> Iterator[Path]:
    """Yield the Python files of these top-level folders, migrations left out."""
    wanted = folders or CODE
    for path in files(".py"):
        parts = path.relative_to(ROOT).parts
        if parts[0] in wanted and "migrations" not in parts:
            yield path


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[Function]:
    """Yield every function and method of a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def place(path: Path, line: int = 0) -> str:
    """Name a place as editors understand it."""
    name = path.relative_to(ROOT).as_posix()
    return f"{name}:{line}" if line else name


def told(faults: list[str], mend: str) -> str:
    """Return the sentence with which a contract fails: where, and how to mend it."""
    return "\n".join([*faults, mend])
