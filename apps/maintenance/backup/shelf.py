"""The directory of backups: a file in it is whole, or has a name that nobody takes for a backup."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from apps.lib.private_files import private_folder

_NAME: Final = re.compile(r"backup-(\d{8}T\d{6})Z\.dump")
_MOMENT: Final = "%Y%m%dT%H%M%S"
_UNFINISHED: Final = ".part"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A private directory of backups."""

    directory: Path

    def tidy(self) -> int:
        """Make the directory, or remove what runs that died left in it; return how many files."""
        private_folder(self.directory)
        left = [path for path in self.directory.iterdir() if path.suffix == _UNFINISHED]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def place_of(self, moment: datetime) -> Path:
        """Return where the backup stands that was begun at this moment."""
        return self.directory / f"backup-{moment.astimezone(UTC).strftime(_MOMENT)}Z.dump"

    @contextmanager
    def adding(self, place: Path) -> Iterator[Path]:
        """Give a file to be written; move it to its place when the block ends well, else remove it."""
        part = place.with_name(f".{place.name}{_UNFINISHED}")
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # before anything is in it
        try:
            yield part
            _flush(part)
            part.rename(place)
            _flush(self.directory)
        finally:
            part.unlink(missing_ok=True)

    def backups(self) -> list[tuple[datetime, Path]]:
        """Return when each backup was begun and where it is, the oldest first."""
        named = ((_NAME.fullmatch(path.name), path) for path in self.directory.iterdir())
        return sorted(
            (datetime.strptime(found[1], _MOMENT).replace(tzinfo=UTC), path) for found, path in named if found
        )

    def prune(self, now: datetime, keep: timedelta) -> int:
        """Delete backups that are older than this, never the latest one; return how many."""
        old = [path for begun, path in self.backups()[:-1] if begun < now - keep]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _flush(path: Path) -> None:
    """Make what was written survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
