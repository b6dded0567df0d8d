"""A file that a job leaves is there whole, or not at all; and only from the worker that holds the job."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from apps.jobs import Context, LeaseLost, transitions
from apps.jobs.models import Artifact, Job
from apps.jobs.running import artifacts
from tests.jobs import steps

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all artifacts."""
    monkeypatch.setattr(settings, "BACKLINE_ARTIFACTS_DIR", tmp_path / "artifacts")
    return tmp_path / "artifacts"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def leave(ctx: Context, name: str = "report.csv", content: bytes = b"a,b\n") -> None:
    with ctx.artifact(name) as file:
        file.write(content)


def test_a_file_is_kept_with_its_name_and_size(folder: Path) -> None:
    claim = steps.running()
    leave(Context(claim), "Umsätze März.csv", b"a,b\n1,2\n")
    artifact = Artifact.objects.get()
    assert (artifact.job_id, artifact.name, artifact.bytes) == (claim.id, "Umsätze März.csv", 8)
    assert artifacts.path_of(artifact).read_bytes() == b"a,b\n1,2\n"
    assert files(folder) == [artifacts.path_of(artifact)]


def test_nothing_is_seen_before_it_is_complete(folder: Path) -> None:
    with Context(steps.running()).artifact("report.csv") as file:
        file.write(b"half")
        assert not Artifact.objects.exists()
    assert Artifact.objects.exists()


def test_a_block_that_fails_leaves_nothing(folder: Path) -> None:
    ctx = Context(steps.running())

    def fail() -> None:
        with ctx.artifact("report.csv") as file:
            file.write(b"half")
            raise ValueError("row 7")

    with pytest.raises(ValueError, match="row 7"):
        fail()
    assert not Artifact.objects.exists()
    assert files(folder) == []


def test_a_second_one_of_the_same_name_takes_the_place_of_the_first(folder: Path) -> None:
    ctx = Context(steps.running())
    leave(ctx, content=b"first")
    leave(ctx, content=b"second")
    artifact = Artifact.objects.get()
    assert artifacts.path_of(artifact).read_bytes() == b"second"
    assert files(folder) == [artifacts.path_of(artifact)]


def test_a_replacement_that_is_rolled_back_leaves_the_first_as_it_was() -> None:
    ctx = Context(steps.running())
    leave(ctx, content=b"first")
    with transaction.atomic():
        leave(ctx, content=b"second")
        transaction.set_rollback(True)
    assert artifacts.path_of(Artifact.objects.get()).read_bytes() == b"first"


def test_a_worker_that_lost_its_lease_leaves_nothing_and_spoils_nothing(folder: Path) -> None:
    worker_id = steps.a_worker()
    late = steps.running(worker_id)
    transitions.rescue([worker_id], max_deaths=9)
    transitions.relay(steps.QUEUE, 100)
    leave(Context(steps.claimed(late.id, steps.a_worker("next@here"))), content=b"good")
    with pytest.raises(LeaseLost):
        leave(Context(late), content=b"late")
    artifact = Artifact.objects.get()
    assert artifacts.path_of(artifact).read_bytes() == b"good"
    assert len(files(folder)) == 1


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "nul\x00", "a\nb", "x" * 201, "\ud800"]
)
def test_a_name_that_is_no_file_s_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no file's name"):
        leave(Context(steps.running()), name)
    assert files(folder) == []


def test_two_jobs_may_use_the_same_name() -> None:
    for content in (b"one", b"two"):
        leave(Context(steps.running()), content=content)
    kept = {artifacts.path_of(artifact).read_bytes() for artifact in Artifact.objects.all()}
    assert kept == {b"one", b"two"}


def test_a_job_leaves_no_more_files_than_it_may_and_may_replace_each(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "MOST", 2)
    ctx = Context(steps.running())
    for name in ("a", "b", "b"):
        leave(ctx, name)
    with pytest.raises(ValueError, match="A job can leave 2 files"):
        leave(ctx, "c")
    assert len(files(folder)) == Artifact.objects.count() == 2
    assert Job.objects.count() == 1


def test_files_and_folders_are_private_also_where_the_folder_was_open(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    leave(Context(steps.running()))
    [file] = files(folder)
    assert [path.stat().st_mode & 0o777 for path in (folder, file.parent, file)] == [0o700, 0o700, 0o600]
