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
        notice(f"{program.executable} is out of reach of {account.name}; copied to {programs_base()}")
    reason = _why_not(copy, account)
    if reason is not None:
        raise ServerError(
            f"{copy} does not run as {account.name}: {reason}.",
            "Mount its file system without noexec, or install PostgreSQL and Valkey from the system.",
        )
    return copy


def _why_not(executable: Path, account: Account) -> str | None:
    """Return why `account` cannot run the program, or `initdb` beside it, which needs more libraries."""
    beside = executable.with_name("initdb")
    for program in (executable, beside) if executable.name == "postgres" else (executable,):
        try:
            answer = run_as(account, [program, "--version"])
        except OSError as error:
            return error.strerror or str(error)
        if answer.returncode != 0:
            return (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
    return None


def _copy_of(program: Program) -> Path:
    status = program.executable.stat()
    key = f"{program.executable}:{status.st_size}:{status.st_mtime_ns}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    root = programs_base() / "programs" / f"{program.executable.name}-{program.version}-{digest}"
    return root / program.executable.relative_to(_top_of(program.executable))


def _top_of(executable: Path) -> Path:
    """Return the directory below which everything the program needs has its place.

    A wheel keeps libraries in `<package>.libs` beside the package, found by a path relative to the program.
    """
    in_a_tree = executable.parent.name == "bin"
    return executable.parents[3] if in_a_tree else executable.parent


def _parts_of(executable: Path) -> list[Path]:
    if executable.parent.name != "bin":
        return [executable]
    prefix = executable.parent.parent
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    return [path for path in (*(prefix / name for name in _TREE), libraries) if path.exists()]


def _copy(program: Program, copy: Path) -> None:
    """Copy into a directory beside and rename it, so that a half copy is never taken for a whole one."""
    top = _top_of(program.executable)
    target = copy.parents[len(program.executable.relative_to(top).parts) - 1]
    _open_directory(target.parent)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        for part in _parts_of(program.executable):
            place = fresh / part.relative_to(top)
            place.parent.mkdir(parents=True, exist_ok=True)
            if part.is_dir():
                shutil.copytree(part, place, symlinks=True)
            else:
                shutil.copy2(part, place)
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
