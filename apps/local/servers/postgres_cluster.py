"""Make PostgreSQL's data directory: beside its place, and renamed into it only when it is whole.

A start that dies on the way leaves a directory `data.making-*`, which the next start removes.
"""

from __future__ import annotations

import secrets
import shutil
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError
from apps.local.servers.explain import explain
from apps.local.servers.private_files import read_if_there, write_private
from apps.local.servers.privileges import Account, run_as

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROLE = "backline"
_LOCALES = ("C.UTF-8", "C")


def ensure_cluster(
    home: Path, postgres: Path, account: Account, password: str, options: Sequence[str] = ()
) -> None:
    """Create `home/data` when it is missing, giving `options` to initdb."""
    data = home / "data"
    _remove_half_made(home)
    if data.is_dir() and not any(data.iterdir()):
        data.rmdir()
    if data.exists():
        _refuse_incomplete(data)
        return
    making = home / f"data.making-{secrets.token_hex(4)}"
    _initdb(postgres, making, account, password, options)
    making.rename(data)


def refuse_another_major(home: Path, major: int, version: str) -> None:
    """Say so when the data was made by another major version of PostgreSQL."""
    made_by = (read_if_there(home / "data" / "PG_VERSION") or "").strip()
    if made_by and made_by != str(major):
        raise explain(
            "PostgreSQL",
            home,
            f"initialized by PostgreSQL version {made_by}, not compatible with this version {version}",
        )


def _remove_half_made(home: Path) -> None:
    for leftover in home.glob("data.making-*"):
        shutil.rmtree(leftover)


def _refuse_incomplete(data: Path) -> None:
    if not (data / "PG_VERSION").is_file() or not (data / "global" / "pg_control").is_file():
        raise ServerError(
            f"{data} is not a complete PostgreSQL data directory.",
            "Restore it from a backup, or start afresh: make clean.",
        )


def _initdb(postgres: Path, target: Path, account: Account, password: str, options: Sequence[str]) -> None:
    password_file = target.with_name(f"{target.name}.pw")
    write_private(password_file, password + "\n", owner=account.owner if account.other else None)
    try:
        for locale in _LOCALES:
            outcome = run_as(
                account,
                [
                    postgres.with_name("initdb"),
                    f"--pgdata={target}",
                    f"--username={ROLE}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    f"--locale={locale}",
                    "--data-checksums",
                    *options,
                ],
                cwd=str(target.parent),
            )
            if outcome.returncode == 0:
                return
            shutil.rmtree(target, ignore_errors=True)
            if "invalid locale" not in outcome.stderr:
                break
        raise explain("initdb", target.parent, outcome.stdout + outcome.stderr)
    finally:
        password_file.unlink(missing_ok=True)
