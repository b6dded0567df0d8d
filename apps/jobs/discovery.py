"""Find the modules that declare job types: every one below JOB_MODULES, with `__init__.py` or without."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from celery import current_app
from django.conf import settings


def discover() -> None:
    """Import every module below JOB_MODULES; each declares one job type."""
    for root in settings.JOB_MODULES:
        for name in _modules_of(root):
            import_module(name)


def undeclared() -> list[str]:
    """Return the modules below JOB_MODULES that declare no task; one whose name begins with _ need not."""
    declaring = {task.__module__ for task in current_app.tasks.values()}
    return [
        name
        for root in settings.JOB_MODULES
        for name in _modules_of(root)
        if name not in declaring
        and not name.rpartition(".")[2].startswith("_")
        and not hasattr(import_module(name), "__path__")
    ]


def unreachable() -> list[Path]:
    """Return the files below JOB_MODULES that no import can name, since a folder has a dot in its name."""
    files = (found for root in settings.JOB_MODULES for found in _files_of(root))
    return sorted(file for file, parts in files if any("." in part for part in parts))


def _modules_of(root: str) -> list[str]:
    """Return what Python's own walk finds, and the files in folders that it passes by, in a fixed order."""
    paths = getattr(import_module(root), "__path__", None)
    if paths is None:  # a module by itself: it is imported by now
        return []
    names = {module.name for module in pkgutil.walk_packages(paths, f"{root}.")}
    names |= {
        ".".join((root, *parts)) for _, parts in _files_of(root) if not any("." in part for part in parts)
    }
    return sorted(names)


def _files_of(root: str) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield each file below a package, and the names by which it would be imported."""
    for place in map(Path, getattr(import_module(root), "__path__", ())):
        for file in place.rglob("*.py"):
            parts = file.relative_to(place).with_suffix("").parts
            named = parts[:-1] if parts[-1] == "__init__" else parts
            if named and not any(part.startswith(".") or part == "__pycache__" for part in parts):
                yield file, named
