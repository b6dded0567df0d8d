"""Which account runs the servers: PostgreSQL refuses root, so root hands over to `nobody`.

No account is created and no existing directory changes its mode; what that account cannot
reach is copied to where it can (`programs.py`), what it must write lies in a home of its own
(`layout.py`).
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

_CANDIDATES = ("nobody", "postgres", "daemon")


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
    """Return the caller's own account, or an existing unprivileged one when the caller is root."""
    if os.geteuid() != 0:
        return Account(_own_name(), os.geteuid(), os.getegid(), other=False)
    wanted = os.environ.get("BACKLINE_SERVER_USER")
    for name in (wanted,) if wanted else _CANDIDATES:
        entry = _entry(name)
        if entry is not None and entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, other=True)
    raise ServerError(
        f"PostgreSQL must not run as root, and there is no account {wanted or 'nobody'} to run it.",
        "Name an existing unprivileged account in BACKLINE_SERVER_USER.",
    )


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
