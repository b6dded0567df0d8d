"""Checks of what lies on the disk: PostgreSQL's data, private files, the generated login."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from apps.local.servers.layout import Layout, home_path
from apps.local.servers.locate import postgres_program
from apps.local.servers.postgres_cluster import refuse_another_major
from apps.local.servers.private_files import read_if_there
from apps.local.servers.privileges import server_account
from apps.local.supervise.credentials import known
from apps.maintenance.health.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from pathlib import Path


def cluster(project: Path) -> Finding:
    """Check that the embedded data was made by this major version and belongs to its account."""
    if os.environ.get("DATABASE_URL"):
        return well("data", "not here: DATABASE_URL is set")
    account = server_account()
    home = home_path(Layout(project).postgres, account)
    made_by = read_if_there(home / "data" / "PG_VERSION")
    if made_by is None:
        return note("data", f"none yet in {home}", "Run: make up")
    program = postgres_program()
    refuse_another_major(home, program.major, program.version)
    status = (home / "data").stat()
    if status.st_uid != account.uid or status.st_mode & 0o077:
        return wrong(
            "data",
            f"{home / 'data'} is not for {account.name} alone",
            f"Run: chown -R {account.name} {home / 'data'} && chmod 700 {home / 'data'}",
        )
    return well("data", f"PostgreSQL {made_by.strip()} in {home}")


def permissions(project: Path) -> Finding:
    """Check that nobody else may read what is private."""
    layout = Layout(project)
    private = (layout.state, layout.credentials, layout.secret_key, layout.addresses)
    there = [path for path in private if path.exists()]
    open_ones = [str(path) for path in there if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        paths = " ".join(open_ones)
        return wrong("permissions", f"others may read {paths}", f"Run: chmod go-rwx {paths}")
    return well("permissions", f"{layout.state} is private" if there else "nothing private yet")


def login(project: Path) -> Finding:
    """Look whether the generated login is at hand."""
    credentials = known(project)
    if credentials is None:
        return note("login", "no generated one", "Run: make up, or manage.py createsuperuser")
    return well("login", f"{credentials.login}, password in {Layout(project).credentials}")
