"""Which account runs servers and processes: started by root, all drop to an account of Backline's own.

That account is made once and runs nothing else: every other service that runs as the common `nobody`
could read our data. A program that it cannot reach is copied to where it can (`programs.py`); what
it must write lies in a home of its own (`layout.py`).
"""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OWN_ACCOUNT = "backline"
_MAKE = ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent")


@dataclass(frozen=True)
class Account:
    """An account that runs servers; `other` is False when it is simply the caller's own."""

    name: str
    uid: int
    gid: int
    other: bool

    @property
    def owner(self) -> tuple[int, int]:
        """Return uid and gid as chown wants them."""
        return self.uid, self.gid


def server_account() -> Account:
    """Return the caller's own account; for root that of BACKLINE_SERVER_USER, else Backline's own."""
    if os.geteuid() != 0:
        return Account(_own_name(), os.geteuid(), os.getegid(), other=False)
    wanted = os.environ.get("BACKLINE_SERVER_USER")
    entry = _entry(wanted) if wanted else _entry(OWN_ACCOUNT) or _make_own()
    if entry is None or entry.pw_uid == 0:
        raise ServerError(
            f"Nothing of Backline runs as root, and there is no account {wanted or OWN_ACCOUNT} to run it.",
            "Name an existing unprivileged account in BACKLINE_SERVER_USER.",
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)


def process_account(project: Path) -> Account:
    """Return who runs web, workers, keeper, beat and Flower: the servers' account, as long as it can.

    Raise ServerError when root starts them and that account cannot read the project or its Python.
    """
    account = server_account()
    if not account.other or os.environ.get("BACKLINE_RUN_AS_ROOT") == "yes":
        return Account(_own_name(), os.geteuid(), os.getegid(), other=False)
    code = "import sys; sys.path[:] = sys.argv[1:]; import celery, django, psycopg, redis, apps.jobs.states"
    try:
        done = run_as(account, [sys.executable, "-c", code, project, *sys.path])
    except OSError:
        pass
    else:
        if done.returncode == 0:
            return account
    raise ServerError(
        f"Backline drops from root to the account {account.name}, which cannot read {project} or its Python.",
        "Start it as an ordinary user, or move both where every account may read them, such as /opt. "
        "BACKLINE_RUN_AS_ROOT=yes runs everything but the servers as root all the same.",
    )


def give(directory: Path, account: Account) -> None:
    """Make an account the owner of a directory of ours with all in it; links are not followed."""
    if not account.other:
        return
    os.chown(directory, *account.owner, follow_symlinks=False)
    # By open directories: that account may put a link into the place of one while root walks.
    for _, folders, files, place in os.fwalk(directory, follow_symlinks=False):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                os.chown(name, *account.owner, dir_fd=place, follow_symlinks=False)


def run_as(
    account: Account, command: Sequence[str | os.PathLike[str]], *, cwd: str = "/"
) -> subprocess.CompletedProcess[str]:
    """Run a short command as `account` and return its outcome with both outputs as text."""
    arguments = [os.fspath(part) for part in command]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    return subprocess.run(
        arguments,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        user=account.uid if account.other else None,
        group=account.gid if account.other else None,
        extra_groups=[] if account.other else None,
    )


def _make_own() -> pwd.struct_passwd | None:
    """Make Backline's own account; another start may do so at the same time."""
    try:
        subprocess.run(
            [*_MAKE, "--shell", "/usr/sbin/nologin", OWN_ACCOUNT], capture_output=True, check=False
        )
    except OSError:
        return None  # a system without useradd: the error of the caller names the way
    return _entry(OWN_ACCOUNT)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
