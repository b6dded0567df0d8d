"""Write and read small files that only their owner may read.

Used for passwords, addresses and server configuration. A directory may belong to the
unprivileged server account, so nothing here follows a link that account could plant.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_private(path: Path, text: str, *, owner: tuple[int, int] | None = None) -> None:
    """Replace `path` in one step with a file of mode 600."""
    fresh = _write_beside(path, text, owner)
    fresh.replace(path)


def write_private_once(path: Path, text: str) -> str:
    """Write `path` unless it exists, and return what it holds afterwards, whoever won."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = _write_beside(path, text, None)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return path.read_text("utf-8")
    finally:
        fresh.unlink()
    return text


def read_if_there(path: Path) -> str | None:
    """Return the text of `path`, or None when there is no such file."""
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`; it is freed when this process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_beside(path: Path, text: str, owner: tuple[int, int] | None) -> Path:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(fresh, flags, 0o600)
    try:
        if owner is not None:
            os.fchown(descriptor, *owner)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return fresh
