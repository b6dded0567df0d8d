"""Files come in whole or not at all, under names of our own, and go after their time."""

import errno
import hashlib
import io
import os
import stat
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.transfers.expiry import ORPHAN_AFTER, delete_expired_uploads, delete_orphans
from apps.transfers.models import Upload
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.uploads import shown_name, store_upload
from tests.shop.lines import as_csv, line
from tests.transfers.steps import handed_in, work

CONTENT = as_csv([line()]).encode()


def stored(content: bytes = CONTENT, name: str = "orders.csv") -> Upload:
    """Hand a file in."""
    return store_upload(io.BytesIO(content), name=name, owner=None)


def grows_old(path: Path) -> None:
    """Let a file have been there for longer than any upload takes."""
    long_ago = time.time() - ORPHAN_AFTER.total_seconds() - 1
    os.utime(path, (long_ago, long_ago))


@pytest.mark.django_db
def test_a_file_is_kept_under_its_id_readable_by_us_only(uploads_dir: Path) -> None:
    upload = stored(name="../../etc/passwd")
    assert upload.path == uploads_dir / upload.id.hex
    assert upload.path.read_bytes() == CONTENT
    assert (upload.name, upload.size) == ("passwd", len(CONTENT))
    assert upload.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert stat.S_IMODE(uploads_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(upload.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("C:\\Users\\me\\orders.csv", "orders.csv"),
        ("a\0b\r\nc.csv", "abc.csv"),
        ("evil\u202evsc.exe", "evilvsc.exe"),
        ("..", ".."),
        ("/", "upload"),
        ("", "upload"),
        ("x" * 300, "x" * 200),
        ("<script>.csv", "<script>.csv"),
        ("Bestellungen März.csv", "Bestellungen März.csv"),
    ],
)
def test_a_name_is_made_fit_for_showing(sent: str, shown: str) -> None:
    assert shown_name(sent) == shown


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", CONTENT * 3], ids=["empty", "ZIP", "too big"])
def test_nothing_stays_of_a_file_that_is_refused(
    content: bytes, uploads_dir: Path, settings: Settings
) -> None:
    settings.BACKLINE_UPLOAD_MAX_BYTES = len(CONTENT) * 2
    with pytest.raises(BadFile):
        stored(content)
    assert list(uploads_dir.iterdir()) == []
    assert not Upload.objects.exists()


class FullDisk(io.RawIOBase):
    """A file whose second block does not fit on the disk any more."""

    def __init__(self) -> None:
        self.blocks = [CONTENT]

    def read(self, size: int = -1) -> bytes:
        if self.blocks:
            return self.blocks.pop()
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.django_db
def test_a_full_disk_is_told_and_nothing_half_written_stays(uploads_dir: Path) -> None:
    with pytest.raises(BadFile, match="no room for this file"):
        store_upload(FullDisk(), name="orders.csv", owner=None)
    assert list(uploads_dir.iterdir()) == []


@pytest.mark.django_db
def test_a_file_without_a_row_does_not_stay(uploads_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(Upload, "save", fail)
    with pytest.raises(RuntimeError):
        stored()
    assert list(uploads_dir.iterdir()) == []


@pytest.mark.django_db
def test_a_file_that_was_changed_on_disk_is_not_imported() -> None:
    started = handed_in(CONTENT)
    started.upload.path.write_bytes(CONTENT + b"more")
    work(started)
    assert "its checksum differs" in started.message


@pytest.mark.django_db
def test_expired_files_go_once_and_their_rows_stay() -> None:
    old, new = stored(), stored()
    lost = stored()
    Upload.objects.exclude(pk=new.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    lost.path.unlink()
    assert [delete_expired_uploads(batch=1) for _ in range(3)] == [1, 1, 0]
    assert (old.path.exists(), new.path.exists()) == (False, True)
    assert Upload.objects.exclude(deleted_at=None).count() == 2


@pytest.mark.django_db
def test_what_a_crash_left_goes_after_a_day_and_what_is_not_ours_stays(uploads_dir: Path) -> None:
    kept, fresh = stored(), uploads_dir / "fresh.part"
    orphan, half, foreign = uploads_dir / ("0" * 32), uploads_dir / "old.part", uploads_dir / "README"
    for path in (fresh, orphan, half, foreign):
        path.write_bytes(b"x")
    for path in (orphan, half, foreign, kept.path):
        grows_old(path)
    assert delete_orphans() == 2
    assert sorted(uploads_dir.iterdir()) == sorted([kept.path, fresh, foreign])
    assert delete_orphans() == 0


@pytest.mark.django_db
def test_a_file_that_could_not_be_kept_for_sure_does_not_stay(
    uploads_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("apps.transfers.uploads._flush_directory", fail)
    with pytest.raises(OSError, match="Input/output error"):
        stored()
    assert list(uploads_dir.iterdir()) == []
