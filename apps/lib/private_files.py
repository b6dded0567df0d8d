"""Files and folders that only the account of this process may read."""

import os
from pathlib import Path
from typing import BinaryIO, Final

FOLDER: Final = 0o700
FILE: Final = 0o600


def private_folder(folder: Path) -> Path:
    """Make a folder and its missing parents; close one of our own that others may read."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=FOLDER, exist_ok=True)
    status = folder.stat()
    if status.st_uid == os.geteuid() and status.st_mode & 0o077:
        folder.chmod(FOLDER)
    return folder


def new_private_file(path: Path) -> BinaryIO:
    """Open a file that is not there yet for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE), "wb")


def private(path: str, flags: int) -> int:
    """Open a file as ``opener`` of ``open``: one that is created is private."""
    return os.open(path, flags, FILE)
