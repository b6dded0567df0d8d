"""Takes files in: streamed to disk under names of our own, whole or not at all."""

import errno
import hashlib
import os
import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.lib.ids import new_id
from apps.lib.private_files import new_private_file, private_folder
from apps.transfers import quotas
from apps.transfers.examine import refuse_foreign_file
from apps.transfers.models import Upload
from apps.transfers.reading.bad_file import BadFile

if TYPE_CHECKING:
    from apps.accounts.models import User

KEPT_FOR: Final = timedelta(days=30)
_BLOCK_BYTES: Final = 1 << 20
_LONGEST_NAME: Final = 200


class Readable(Protocol):
    """A file being sent: Django's UploadedFile, an open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        ...


def store_upload(
    file: Readable, *, name: str, owner: "User | None", check: Callable[[Path], None] = refuse_foreign_file
) -> Upload:
    """Store a file and return its row. Raise BadFile for one that is too big, no table, or over a quota.

    ``check`` raises BadFile for a file that its importer could not read.
    """
    upload = Upload(id=new_id(), owner=owner, name=shown_name(name), expires_at=timezone.now() + KEPT_FOR)
    part = upload.path.with_suffix(".part")
    private_folder(upload.path.parent)
    try:
        upload.size, upload.sha256 = _write(file, part)
        check(part)
        part.rename(upload.path)
        _flush_directory(upload.path.parent)
        with transaction.atomic():
            quotas.admit(upload)
            upload.save(force_insert=True)
    except OSError as error:
        upload.path.unlink(missing_ok=True)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BadFile("The server's disk has no room for this file. Ask its operator.") from error
    except BaseException:
        upload.path.unlink(missing_ok=True)
        raise
    finally:
        part.unlink(missing_ok=True)
    return upload


def shown_name(name: str) -> str:
    """Return what a sender called a file, fit for showing: no path, no characters that cannot be seen."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    return visible.strip()[:_LONGEST_NAME] or "upload"


def _write(file: Readable, path: Path) -> tuple[int, str]:
    """Write and flush a file that nobody else may read; return its size and check sum."""
    most = settings.BACKLINE_UPLOAD_MAX_BYTES
    digest = hashlib.sha256()
    size = 0
    with new_private_file(path) as out:
        while block := file.read(_BLOCK_BYTES):
            size += len(block)
            if size > most:
                raise BadFile(f"The file is larger than {most:,} bytes. Compress it (.gz, .xz) or split it.")
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def _flush_directory(directory: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
