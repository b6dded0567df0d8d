"""Restart the processes when the project's code changes: a new job type is known without a new `make up`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from apps.local.supervise.once import run_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from apps.local.supervise.child import Child, Surroundings
    from apps.local.supervise.screen import Screen

_EVERY = 1.0
_ENDINGS = (".py", ".sql")
_NOT_CODE = frozenset({"tests", "docs", "build", "__pycache__"})


class Reload:
    """Looks at the files every second; once they rest, it prepares and restarts."""

    def __init__(self, children: Sequence[Child], surroundings: Surroundings, screen: Screen) -> None:
        self._children = children
        self._around = surroundings
        self._screen = screen
        self._running = self._seen = _times(surroundings.project)
        self._look_at = time.monotonic() + _EVERY

    def look(self) -> None:
        """Restart when files have changed and none changed since the last look."""
        if time.monotonic() < self._look_at:
            return
        now = _times(self._around.project)
        rests, self._seen = now == self._seen, now
        if rests and now != self._running:
            self._restart(_changed(self._running, now))
            self._running = now
        self._look_at = time.monotonic() + _EVERY

    def _restart(self, changed: list[str]) -> None:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        self._screen.note(f"{changed[0]}{more} changed; restarting")
        outcome = run_once("prepare", (sys.executable, "manage.py", "prepare"), self._around)
        if outcome.code != 0:
            self._screen.excerpt("prepare", outcome.output)
            self._screen.failed(
                "The changed code does not start.", "The processes still run the code before."
            )
            return
        for child in self._children:
            child.restart()


def _changed(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Return the files that are new, gone or written anew."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _times(project: Path) -> dict[str, int]:
    """Return when each file of code was written last."""
    return dict(_files(str(project), len(str(project)) + 1))


def _files(folder: str, prefix: int) -> Iterator[tuple[str, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # it went away meanwhile
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _NOT_CODE:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, prefix)
        elif entry.name.endswith(_ENDINGS):
            try:
                yield entry.path[prefix:], entry.stat().st_mtime_ns
            except OSError:  # likewise
                continue
