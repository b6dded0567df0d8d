"""Where things are: the project's private `.backline/`, and the home of each server.

A server's directory holds what its owner needs (password, port, log); its home holds what the
server itself writes. They are one and the same for an ordinary user. For root the home belongs
to the unprivileged account, so it lies where that account can reach it, and the link `home` in
the directory tells where.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError

if TYPE_CHECKING:
    from apps.local.servers.privileges import Account

_SYSTEM_BASES = (Path("/var/lib/backline"), Path("/var/tmp/backline"))  # noqa: S108 - owner is checked


@dataclass(frozen=True)
class Layout:
    """The paths of one project's local state."""

    project: Path

    @property
    def state(self) -> Path:
        """Return the private directory that holds everything below; BACKLINE_STATE_DIR moves it."""
        elsewhere = os.environ.get("BACKLINE_STATE_DIR")
        return Path(elsewhere) if elsewhere else self.project / ".backline"

    @property
    def postgres(self) -> Path:
        """Return the directory of the embedded PostgreSQL."""
        return self.state / "postgres"

    @property
    def valkey(self) -> Path:
        """Return the directory of the embedded Valkey."""
        return self.state / "valkey"

    @property
    def logs(self) -> Path:
        """Return the directory with one log per process of `manage.py up`."""
        return self.state / "logs"

    @property
    def addresses(self) -> Path:
        """Return the file with the addresses of the running embedded servers."""
        return self.state / "servers.json"

    @property
    def credentials(self) -> Path:
        """Return the file with the generated login."""
        return self.state / "credentials"

    @property
    def secret_key(self) -> Path:
        """Return the file with the generated Django SECRET_KEY."""
        return self.state / "secret_key"

    @property
    def supervisor(self) -> Path:
        """Return the file in which a running `manage.py up` names itself."""
        return self.state / "up.json"


def make_private(directory: Path) -> Path:
    """Create `directory` with mode 700 when it is missing, and return it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def home_path(directory: Path, account: Account) -> Path:
    """Say where the server of `directory` keeps its data, without creating anything."""
    if not account.other:
        return directory
    return _base_for(directory) / _home_name(directory)


def make_home(directory: Path, account: Account) -> Path:
    """Create the home of the server in `directory`, owned by `account`, mode 700."""
    if not account.other:
        return make_private(directory)
    make_private(directory)
    base = _base_for(directory)
    if base != _temporary():
        _make_base(base)
    home = base / _home_name(directory)
    try:
        home.mkdir(mode=0o700)
        os.chown(home, *account.owner)
    except FileExistsError:
        _refuse_a_strangers_home(home, account)
    _point_to(directory / "home", home)
    return home


def programs_base() -> Path:
    """Return where copies of server programs go that every account may read."""
    for base in _SYSTEM_BASES:
        if _usable(base):
            _make_base(base)
            return base
    raise ServerError(
        "There is no directory the server account could read programs from.",
        f"Make {_SYSTEM_BASES[0].parent} writable for root.",
    )


def _base_for(directory: Path) -> Path:
    if directory.resolve().is_relative_to(_temporary()):
        return _temporary()
    for base in _SYSTEM_BASES:
        if _usable(base):
            return base
    return _temporary()


def _home_name(directory: Path) -> str:
    path = directory.resolve()
    words = [part for part in path.parts[-3:] if part != ".backline" and part != os.sep]
    return f"backline-{'-'.join(words[-2:])}-{hashlib.sha256(bytes(path)).hexdigest()[:10]}"


def _temporary() -> Path:
    return Path(tempfile.gettempdir()).resolve()


def _usable(base: Path) -> bool:
    if base.exists():
        status = base.lstat()
        ours = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return stat.S_ISDIR(status.st_mode) and ours and bool(status.st_mode & stat.S_IXOTH)
    return base.parent.is_dir() and os.access(base.parent, os.W_OK)


def _make_base(base: Path) -> None:
    try:
        base.mkdir(mode=0o755)
        base.chmod(0o755)  # our own new directory, whatever the umask
    except FileExistsError:
        return


def _refuse_a_strangers_home(home: Path, account: Account) -> None:
    status = home.lstat()
    if stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid and not status.st_mode & 0o077:
        return
    if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not any(home.iterdir()):
        os.chown(home, *account.owner)  # an earlier start died between mkdir and chown
        return
    raise ServerError(
        f"{home} exists but does not belong to {account.name} alone.",
        "Remove it, or set its owner and mode 700.",
    )


def _point_to(link: Path, home: Path) -> None:
    """Make a link, or have it point elsewhere, in one step: several starts may be at it at once."""
    fresh = link.with_name(f".{link.name}-{secrets.token_hex(8)}")
    fresh.symlink_to(home)
    fresh.replace(link)
