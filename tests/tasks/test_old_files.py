"""cleanups.old_files, run by a worker: files go with their jobs, and no others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from apps.jobs import enqueue, registry
from apps.jobs.models import Job
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.lib.ids import first_id_of, new_id
from tasks.cleanups.old_files import old_files
from tests.jobs.steps import a_worker, claimed, enqueued

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    """A directory of its own for what jobs leave."""
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path / "artifacts"
    (tmp_path / "artifacts").mkdir()
    return tmp_path / "artifacts"


def test_files_of_forgotten_jobs_go_and_nobody_elses(files: Path) -> None:
    forgotten, known, young = _old_id(), enqueued(id=_old_id()), new_id()
    for job_id in (forgotten, known, young):
        _left_by(files, str(job_id))
    (files / "README").write_text("not ours")
    _left_by(files, "somebody-elses")
    _left_by(files, never := "ffffffff-ffff-7fff-bfff-ffffffffffff")  # of a year that no calendar has
    assert _ran() == {"removed": 1}
    left = {str(known), str(young), "README", "somebody-elses", never}
    assert {path.name for path in files.iterdir()} == left
    assert _ran() == {"removed": 0}


def test_a_link_out_of_the_directory_is_not_followed(files: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    _left_by(tmp_path, "outside")
    (files / str(_old_id())).symlink_to(outside, target_is_directory=True)
    assert _ran() == {"removed": 0}
    assert list(outside.iterdir())


def test_nothing_goes_where_jobs_are_kept_for_ever(files: Path, settings: Settings) -> None:
    settings.BACKLINE_JOB_DAYS = 0
    _left_by(files, str(_old_id()))
    assert _ran() == {"removed": 0}
    assert list(files.iterdir())


def test_it_has_nothing_to_do_before_the_first_file(settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path / "none"
    assert _ran() == {"removed": 0}


def _old_id() -> UUID:
    long_ago = first_id_of(datetime.now(UTC) - timedelta(days=91)).int
    return UUID(int=long_ago | (new_id().int & ((1 << 80) - 1)))


def _left_by(directory: Path, name: str) -> None:
    (directory / name).mkdir()
    (directory / name / "0a1b.part").write_bytes(b"half done")


def _ran() -> object:
    job_id = enqueue(old_files.name)
    run(registry.get(old_files.name), claimed(job_id, a_worker(queues=("maintenance",))))
    job = Job.objects.get(pk=job_id)
    assert job.state == State.SUCCEEDED
    return job.result
