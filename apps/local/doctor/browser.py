"""Look for what only the browser tests need."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from apps.maintenance.health.finding import Finding, note, well

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium(project: Path) -> Finding:
    """Look for Chromium: the system's, or the one Playwright keeps for itself."""
    del project
    system = next((path for path in map(shutil.which, _PROGRAMS) if path), None)
    kept = sorted(Path.home().glob(".cache/ms-playwright/chromium-*"))
    if importlib.util.find_spec("playwright") is None:
        return note("browser", "no Playwright; only the browser tests need it", "Run: make test")
    if system is None and not kept:
        return note("browser", "no Chromium; only the browser tests need it", "Run: bash .ci/run")
    return well("browser", str(system or kept[-1]))
