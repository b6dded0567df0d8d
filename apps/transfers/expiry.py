"""Deletes files that were kept long enough, and what a crash left behind."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from apps.transfers.models import Import, Upload

ORPHAN_AFTER: Final = timedelta(days=1)  # no upload takes so long to arrive


def delete_expired_uploads(*, batch: int = 100) -> int:
    """Delete the files of one batch of expired uploads; return how many. Call it until it returns 0.

    The file goes before the row says so: dying in between, the next call finds it gone and goes on.
    """
    with transaction.atomic():
        expired = list(
            Upload.objects.expired().order_by("expires_at").select_for_update(skip_locked=True)[:batch]
        )
        for upload in expired:
            upload.path.unlink(missing_ok=True)
        Upload.objects.filter(pk__in=[upload.pk for upload in expired]).update(deleted_at=Now())
    return len(expired)


def delete_orphans() -> int:
    """Delete files without an upload that are older than a day; return how many."""
    directory = Path(settings.BACKLINE_UPLOADS_DIR)
    if not directory.is_dir():
        return 0
    orphans = [path for path in directory.iterdir() if _is_old(path) and not _is_kept(path)]
    for path in orphans:
        path.unlink(missing_ok=True)
    return len(orphans)


def given_up() -> list[int]:
    """Return the imports that will never end, because their file went before they were through."""
    return list(
        Import.objects.filter(finished_at=None, upload__deleted_at__isnull=False).values_list("pk", flat=True)
    )


def _is_old(path: Path) -> bool:
    try:
        status = path.stat()
    except FileNotFoundError:  # another sweep was here
        return False
    return path.is_file() and status.st_mtime < time.time() - ORPHAN_AFTER.total_seconds()


def _is_kept(path: Path) -> bool:
    try:
        upload_id = UUID(path.name)
    except ValueError:  # a half-written file, or none of ours
        return path.suffix != ".part"
    return Upload.objects.filter(pk=upload_id, deleted_at=None).exists()
