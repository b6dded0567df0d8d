"""Make server programs runnable by the server account, by copying them when they are out of its reach.

A virtual environment under `/root` (mode 700) is the usual reason. Copies are kept per version in a
directory only root may write, shared by every project of the machine.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError
from apps.local.servers.layout import programs_base
from apps.local.servers.privileges import Account, run_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.local.servers.locate import Program

_TREE = ("bin", "lib", "share")


def runnable(program: Program, account: Account, notice: Callable[[str], None]) -> Path:
    """Return an executable of `program` that `account` can run."""
    reason = _why_not(program.executable, account)
    if reason is None:
        return program.executable
    if not account.other:
        raise ServerError(f"{program.executable} does not run: {reason}.", "Install it again.")
    copy = _copy_of(program)
    if not copy.exists():
        _copy(program, copy)
        notice(f"{program.executable} is out of reach of {account.name}; copied to {copy.parent}")
    reason = _why_not(copy, account)
    if reason is not None:
        raise ServerError(
            f"{copy} does not run as {account.name}: {reason}.",
            "Mount its file system without noexec, or install PostgreSQL and Valkey from the system.",
        )
    return copy


def _why_not(executable: Path, account: Account) -> str | None:
    try:
        answer = run_as(account, [executable, "--version"])
    except OSError as error:
        return error.strerror or str(error)
    if answer.returncode == 0:
        return None
    return (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]


def _copy_of(program: Program) -> Path:
    status = program.executable.stat()
    key = f"{program.executable}:{status.st_size}:{status.st_mtime_ns}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    root = programs_base() / "programs" / f"{program.executable.name}-{program.version}-{digest}"
    return root / "bin" / program.executable.name


def _copy(program: Program, copy: Path) -> None:
    """Copy into a directory beside and rename it, so that a half copy is never taken for a whole one."""
    target = copy.parent.parent
    _open_directory(target.parent)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if program.executable.parent.name == "bin":
            for name in _TREE:
                source = program.executable.parent.parent / name
                if source.is_dir():
                    shutil.copytree(source, fresh / name, symlinks=True)
        else:
            (fresh / "bin").mkdir(parents=True)
            shutil.copy2(program.executable, fresh / "bin")
        _make_readable(fresh)
        fresh.rename(target)
    except OSError as error:
        if not copy.exists():  # another start may have been first
            raise ServerError(
                f"{program.executable} could not be copied to {target}: {error.strerror or error}.",
                "Free some space there (about 40 MB) and start again.",
            ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _open_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o755)
        directory.chmod(0o755)  # our own new directory, whatever the umask
    except FileExistsError:
        return


def _make_readable(tree: Path) -> None:
    for parent, _, names in os.walk(tree):
        Path(parent).chmod(0o755)
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
