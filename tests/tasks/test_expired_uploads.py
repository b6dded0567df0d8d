"""cleanups.expired_uploads, run by a worker."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.jobs import enqueue, registry
from apps.jobs.models import Job
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.shop.models import MatchedLine
from apps.transfers.models import Upload
from apps.transfers.uploads import store_upload
from tasks.cleanups.expired_uploads import expired_uploads
from tests.jobs.steps import a_worker, claimed
from tests.shop.lines import as_csv, line
from tests.transfers.steps import imported, refused

pytestmark = pytest.mark.django_db


def test_it_deletes_what_expired_and_says_how_much(settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    stored = [store_upload(io.BytesIO(as_csv([line()]).encode()), name="a.csv", owner=None) for _ in range(3)]
    Upload.objects.exclude(pk=stored[0].pk).update(expires_at=timezone.now() - timedelta(days=1))
    (tmp_path / "uploads" / "fresh.part").touch()
    results = [_ran().result for _ in range(2)]
    assert results == [{"deleted": 2, "orphans": 0}, {"deleted": 0, "orphans": 0}]
    assert [upload.path.exists() for upload in stored] == [True, False, False]


def test_it_has_nothing_to_do_before_the_first_upload(settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "none"
    assert _ran().result == {"deleted": 0, "orphans": 0}


def test_an_import_that_can_never_end_is_forgotten(settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    rows = as_csv([line()])
    imported(rows)
    refused(rows.encode() + b"1,\xff\xfe,\n" * 3)  # its one good row was there already
    assert MatchedLine.objects.count() == 1
    Upload.objects.update(expires_at=timezone.now())
    _ran()
    assert not MatchedLine.objects.exists()


def _ran() -> Job:
    job_id = enqueue(expired_uploads.name)
    run(registry.get(expired_uploads.name), claimed(job_id, a_worker(queues=("maintenance",))))
    job = Job.objects.get(pk=job_id)
    assert job.state == State.SUCCEEDED
    return job
