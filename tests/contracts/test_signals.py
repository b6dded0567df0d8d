"""Signals wire processes together; no business logic hangs on them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.contracts.tree import code, parsed, place, told

# Receivers that may exist: Celery's own moments in a process's life, which have no other hook.
ALLOWED = {
    "apps/jobs/worker/inherited.py": "lets a new process of the pool go of its parent's connections",
    "apps/jobs/worker/sessions.py": "keeps database sessions open, which Celery closes by a signal",
    "apps/jobs/worker/shutdown.py": "its children ignore signals that a terminal sends to the group",
    "apps/jobs/worker/worker.py": "signs the worker on before its first fork",
    "config/celery.py": "puts the login in front of Flower",
    "apps/schedules/apps.py": "every session of every process reads times that Python cannot hold",
    "apps/schedules/near.py": "django-celery-beat's models are saved by code of others",
}
_SIGNAL_MODULES = ("signals", "dispatch")


def test_only_listed_files_listen_to_signals() -> None:
    faults = [place(path, line) for path in code() for line in _receivers(path) if place(path) not in ALLOWED]
    assert not faults, told(
        faults, "Call the code from where the thing happens, or list the file in ALLOWED."
    )


def test_listed_files_still_listen() -> None:
    listening = {place(path) for path in code() if any(_receivers(path))}
    assert set(ALLOWED) == listening, "Take files out of ALLOWED that no longer listen to a signal."


def _receivers(path: Path) -> Iterator[int]:
    """Yield the lines on which something from a signals module is connected."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] in _SIGNAL_MODULES:
            names.update(alias.asname or alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom | ast.Import):
            names.update(alias.asname or alias.name for alias in node.names if alias.name == "signals")
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and _is_receiver(node.func, names):
            yield node.lineno


def _is_receiver(called: ast.expr, names: set[str]) -> bool:
    if isinstance(called, ast.Name):
        return called.id == "receiver" and "receiver" in names
    if not isinstance(called, ast.Attribute) or called.attr != "connect":
        return False
    owner = called.value
    return (isinstance(owner, ast.Name) and owner.id in names) or (
        isinstance(owner, ast.Attribute) and isinstance(owner.value, ast.Name) and owner.value.id in names
    )
