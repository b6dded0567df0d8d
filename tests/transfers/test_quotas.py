"""One person cannot fill the disk, the tables or the queue; the refusal names the limit."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import cast

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.shop.models import OrderLine
from apps.transfers.imports import start_import
from apps.transfers.models import Import, Upload
from apps.transfers.quotas import OverQuota
from apps.transfers.run import run_import
from apps.transfers.uploads import store_upload
from tests.shop.lines import as_csv, line
from tests.transfers.steps import KIND, refused, work

CONTENT = as_csv([line()]).encode()


def upload(owner: User | None, content: bytes = CONTENT) -> Upload:
    """Store a file of this person."""
    return store_upload(io.BytesIO(content), name="orders.csv", owner=owner)


@pytest.fixture
def owner(db: None) -> User:
    """Somebody who uploads."""
    return User.objects.create_user("ada@example.org")


@pytest.mark.parametrize(
    ("setting", "limit", "names"),
    [
        ("BACKLINE_UPLOADS_PER_MINUTE", 3, "At most 3 uploads a minute"),
        ("BACKLINE_UPLOAD_BYTES_PER_DAY", 3 * len(CONTENT) + 5, "your quota of 5"),
        ("BACKLINE_UPLOAD_KEPT_BYTES", 3 * len(CONTENT) + 5, "stored"),
    ],
)
def test_the_fourth_upload_is_too_much(
    owner: User, settings: Settings, setting: str, limit: int, names: str
) -> None:
    setattr(settings, setting, limit)
    for _ in range(3):
        upload(owner)
    with pytest.raises(OverQuota, match=names):
        upload(owner)
    assert (
        Upload.objects.filter(owner=owner).count() == len(list(settings.BACKLINE_UPLOADS_DIR.iterdir())) == 3
    )
    upload(User.objects.create_user("bob@example.org"))
    upload(None)


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("BACKLINE_UPLOADS_PER_MINUTE", {"created_at": timezone.now() - timedelta(minutes=2)}),
        ("BACKLINE_UPLOAD_BYTES_PER_DAY", {"created_at": timezone.now() - timedelta(days=2)}),
        ("BACKLINE_UPLOAD_KEPT_BYTES", {"deleted_at": timezone.now()}),
    ],
)
def test_what_is_over_does_not_count(
    owner: User, settings: Settings, setting: str, change: dict[str, object]
) -> None:
    setattr(settings, setting, 1 if setting.endswith("MINUTE") else len(CONTENT))
    upload(owner)
    with pytest.raises(OverQuota):
        upload(owner)
    Upload.objects.update(**change)
    upload(owner)


def test_zero_is_no_limit(owner: User, settings: Settings) -> None:
    for name in ("UPLOADS_PER_MINUTE", "UPLOAD_BYTES_PER_DAY", "UPLOAD_KEPT_BYTES", "IMPORT_ROWS_PER_DAY"):
        setattr(settings, f"BACKLINE_{name}", 0)
    for _ in range(12):
        upload(owner)


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_time_count_one_another(settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_PER_MINUTE = 2
    owner = User.objects.create_user("ada@example.org")

    def tried(_: int) -> bool:
        try:
            upload(owner)
        except OverQuota:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(tried, range(8))) == 2


def test_rows_of_a_day_stop_the_import_and_the_next_upload(
    owner: User, settings: Settings, by_tens: None
) -> None:
    settings.BACKLINE_IMPORT_ROWS_PER_DAY = 25
    run = start_import(
        upload(owner, as_csv([line(StockCode=str(10000 + n)) for n in range(60)]).encode()), kind=KIND
    )
    work(run)
    assert "read 30 rows; at most 25 rows a day are allowed" in run.message
    assert run.failed
    assert OrderLine.objects.count() == 30
    with pytest.raises(OverQuota, match="at most 25 rows a day"):
        upload(owner)
    Import.objects.update(created_at=timezone.now() - timedelta(days=2))
    upload(owner)


def test_import_whose_last_rows_reach_the_limit_of_a_day_is_whole(
    owner: User, settings: Settings, by_tens: None
) -> None:
    settings.BACKLINE_IMPORT_ROWS_PER_DAY = 20
    rows = as_csv([line(StockCode=str(10000 + n)) for n in range(20)])
    run = start_import(upload(owner, rows.encode()), kind=KIND)
    work(run)
    assert not run.failed, run.message
    assert OrderLine.objects.count() == 20


@pytest.mark.django_db
def test_rows_of_one_file_are_bounded_blank_ones_too(settings: Settings, by_tens: None) -> None:
    settings.BACKLINE_IMPORT_MAX_ROWS = 25
    assert "more than 25 rows: the import stopped" in refused(as_csv([line()] * 40))
    assert OrderLine.objects.count() == 30
    assert "more than 25 rows" in refused(as_csv([line()]) + ",,,,,,,\n" * 40)


@pytest.fixture
def by_tens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an import commit ten rows at a time."""
    monkeypatch.setitem(cast("dict[str, object]", run_import.__kwdefaults__), "chunk_rows", 10)
