"""Checks of what must be installed: Python packages and server programs."""

from __future__ import annotations

import os
import tomllib
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from apps.local.servers.locate import Program, postgres_program, valkey_program
from apps.local.servers.privileges import server_account
from apps.local.servers.programs import runnable
from apps.maintenance.health.finding import Finding, well, wrong

if TYPE_CHECKING:
    from pathlib import Path


def packages(project: Path) -> Finding:
    """Check that each dependency of pyproject.toml is installed in a version it allows."""
    declared = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    missing = [text for text in declared if not _is_installed(Requirement(text))]
    if missing:
        return wrong("packages", f"missing or of another version: {', '.join(missing)}", "Run: make up")
    return well("packages", f"{len(declared)} installed")


def postgres(project: Path) -> Finding:
    """Check that the account that runs PostgreSQL can run its program."""
    del project
    if os.environ.get("DATABASE_URL"):
        return well("PostgreSQL program", "not needed: DATABASE_URL is set")
    return _runs("PostgreSQL program", postgres_program())


def valkey(project: Path) -> Finding:
    """Check that the account that runs Valkey can run its program."""
    del project
    if os.environ.get("REDIS_URL") or os.environ.get("CELERY_BROKER_URL"):
        return well("Valkey program", "not needed: the broker's address is set")
    return _runs("Valkey program", valkey_program())


def _runs(name: str, program: Program) -> Finding:
    account = server_account()
    copied: list[str] = []
    runnable(program, account, copied.append)
    how = f"{program.version} ({program.source}), run as {account.name}"
    return well(name, "; ".join([how, *copied]))


def _is_installed(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False
