"""How much one person may upload and import: files a minute, bytes and rows a day, bytes stored."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.db.models.functions import Now

from apps.lib import words
from apps.transfers.models import Import, Upload
from apps.transfers.reading.bad_file import BadFile


class OverQuota(BadFile):
    """One more upload or row would be more than its owner may have."""


def admit(upload: Upload) -> None:
    """Raise OverQuota for an upload too many. Call it in the transaction that saves the upload."""
    owner_id = upload.owner_id
    if owner_id is None:  # from a shell
        return
    get_user_model().objects.select_for_update(of=("self",)).get(pk=owner_id)  # uploads at once count too
    mine = Upload.objects.filter(owner_id=owner_id)
    _refuse_too_many(mine.filter(created_at__gt=Now() - timedelta(minutes=1)).count())
    today = mine.filter(created_at__gt=Now() - timedelta(days=1))
    _refuse_bytes(
        today.aggregate(sum=Sum("size"))["sum"], upload.size, settings.BACKLINE_UPLOAD_BYTES_PER_DAY, "a day"
    )
    kept = mine.filter(deleted_at=None)
    _refuse_bytes(
        kept.aggregate(sum=Sum("size"))["sum"], upload.size, settings.BACKLINE_UPLOAD_KEPT_BYTES, "stored"
    )
    refuse_rows(owner_id)


def refuse_rows(owner_id: int | None) -> None:
    """Raise OverQuota when a person's imports of the last 24 hours read as many rows as they may."""
    most = settings.BACKLINE_IMPORT_ROWS_PER_DAY
    if owner_id is None or not most:
        return
    mine = Import.objects.filter(upload__owner_id=owner_id, created_at__gt=Now() - timedelta(days=1))
    read = mine.aggregate(sum=Sum("rows_read"))["sum"] or 0
    if read >= most:
        raise OverQuota(
            f"Your imports of the last 24 hours read {read:,} rows; at most {most:,} rows a day are allowed. "
            "Continue tomorrow, or ask an administrator for more."
        )


def in_words() -> str:
    """Return the quotas as the continuation of a sentence; nothing where there is none."""
    told = (
        (settings.BACKLINE_UPLOADS_PER_MINUTE, "{:,} files a minute", int),
        (settings.BACKLINE_UPLOAD_BYTES_PER_DAY, "{} a day", words.size),
        (settings.BACKLINE_IMPORT_ROWS_PER_DAY, "{:,} rows a day", int),
        (settings.BACKLINE_UPLOAD_KEPT_BYTES, "{} stored", words.size),
    )
    return "".join(f", {text.format(shown(most))}" for most, text, shown in told if most)


def _refuse_too_many(last_minute: int) -> None:
    most = settings.BACKLINE_UPLOADS_PER_MINUTE
    if most and last_minute >= most:
        raise OverQuota(
            f"At most {most:,} uploads a minute are allowed. Wait a minute, then upload the file again."
        )


def _refuse_bytes(before: int | None, size: int, most: int, which: str) -> None:
    if most and (before or 0) + size > most:
        raise OverQuota(
            f"This file of {words.size(size)} exceeds your quota of {words.size(most)} {which}; "
            f"{words.size(before or 0)} are used. Try again later, or ask an administrator for more."
        )
