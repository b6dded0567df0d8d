"""Files that jobs leave for people.  Behind ``ctx.artifact``; pages open them by ``path_of``.

A file is written under a name that nobody looks for, moved to its place when it is complete, and only then
written down. What a killed process left half-done has no row, and is never shown.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from apps.jobs import sql, storable
from apps.jobs.outcomes import LeaseLost
from apps.jobs.running.interrupt import undisturbed
from apps.jobs.transitions import Claim
from apps.lib.private_files import new_private_file, private_folder

if TYPE_CHECKING:
    from apps.jobs.models.artifact import Artifact

MOST = 100  # of one job
_LONGEST_NAME = 200


@contextmanager
def left(claim: Claim, name: str) -> Iterator[BinaryIO]:
    """Open a new file for a job; keep it when the block ends well, else remove it.

    Raise ValueError for a name that is no plain file name, LeaseLost when the job is no longer its own.
    """
    _check(name)
    folder = Path(settings.BACKLINE_ARTIFACTS_DIR) / str(claim.id)
    private_folder(folder.parent)
    private_folder(folder)
    file = folder / uuid4().hex
    unfinished = file.with_suffix(".part")
    try:
        with new_private_file(unfinished) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with undisturbed():
            unfinished.replace(file)
            _keep(claim, name, file)
    except BaseException:
        _remove(unfinished, file)
        raise


def path_of(artifact: "Artifact") -> Path:
    """Return where an artifact's file is."""
    return Path(settings.BACKLINE_ARTIFACTS_DIR) / artifact.path


def _check(name: str) -> None:
    is_plain = name and name not in (".", "..") and not set(name) & set("/\\\0\r\n")
    if not is_plain or len(name.encode(errors="replace")) > _LONGEST_NAME or name != storable.clean(name):
        raise ValueError(
            f"{name!r} is no file's name. Give one without slashes, up to {_LONGEST_NAME} bytes."
        )


def _keep(claim: Claim, name: str, file: Path) -> None:
    params = {
        "id": claim.id,
        "lease": claim.lease,
        "name": name,
        "path": f"{claim.id}/{file.name}",
        "bytes": file.stat().st_size,
        "most": MOST,
    }
    rows = sql.run("keep_artifact", params)
    if not rows:
        raise LeaseLost("Another worker has this job now.")
    is_kept, before = rows[0]
    if not is_kept:
        raise ValueError(f"A job can leave {MOST} files. Put what belongs together into one.")
    if before:
        replaced = Path(settings.BACKLINE_ARTIFACTS_DIR) / before
        transaction.on_commit(lambda: _remove(replaced))


def _remove(*files: Path) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink()
