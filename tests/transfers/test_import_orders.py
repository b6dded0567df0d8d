"""manage.py import_orders, with a worker of its own that runs what is enqueued."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.models import User
from apps.jobs import registry
from apps.jobs.models import Job
from apps.jobs.running.run import run
from apps.jobs.states import WAITING
from apps.local.servers.valkey import ValkeyServer
from apps.shop.models import OrderLine
from apps.transfers import watch
from apps.transfers.models import Import
from tests.jobs.steps import a_worker, claimed
from tests.shop import lines
from tests.shop.lines import as_csv, line


@pytest.fixture(autouse=True)
def committed(transactional_db: None, valkey: ValkeyServer) -> Iterator[None]:
    """Let the command commit; the line is no managed model, so Django would not empty it afterwards."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE jobs_ready")


@pytest.fixture
def worker() -> Iterator[None]:
    """A worker, in a thread with a session of its own: it runs every import that waits."""
    stop = Event()
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(_run_jobs, stop)
        yield
        stop.set()
        done.result(timeout=30)


def _run_jobs(stop: Event) -> None:
    try:
        worker_id = a_worker(queues=("imports",))
        while not stop.wait(0.02):
            for job in Job.objects.filter(state__in=WAITING):
                run(registry.get(job.kind), claimed(UUID(str(job.pk)), worker_id))
    finally:
        connection.close()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file to import."""

    def write(text: str = lines.SAMPLE.read_text()) -> Path:
        path = tmp_path / "orders.csv"
        path.write_text(text)
        return path

    return write


def test_it_waits_for_the_end_and_prints_what_came_of_it(
    worker: None, file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_orders", file(), "--wait")
    out = capsys.readouterr().out
    assert "2,992 order lines imported: 2,992 new. 7 rows were rejected" in out
    assert "2,992 order lines\n" in out
    assert "rows/s from request to end" in out
    assert Import.objects.get().upload.name == "orders.csv"
    assert Job.objects.get().trigger == "shell"


def test_with_json_it_prints_one_object(
    worker: None, file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_orders", file(), "--wait", "--json")
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert report["state"] == "succeeded"
    assert report["result"]["totals"]["order_lines"] == OrderLine.objects.count() == 2992
    assert report["result"]["rejected"] == 7
    assert 0 < report["result"]["peak_memory_mb"] < 1000


def test_it_fails_with_the_reason_when_the_import_does(worker: None, file: Callable[..., Path]) -> None:
    with pytest.raises(CommandError, match=r"did not succeed\. The first row lacks the columns"):
        call_command("import_orders", file("a,b\n1,2\n"), "--wait")


def test_a_file_that_is_no_table_and_one_that_is_not_there_are_told_at_once(
    file: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="The file is empty"):
        call_command("import_orders", file(""))
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("import_orders", tmp_path / "none.csv")
    assert not Job.objects.exists()


def test_without_a_worker_it_says_how_to_start_one(
    file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_orders", file())
    assert "No worker listens to queue imports" in capsys.readouterr().err


def test_waiting_without_a_worker_says_so_and_goes_on_waiting(
    file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PATIENCE_S", 0.1)
    told: list[str] = []
    call_command("import_orders", file(as_csv([line()])))
    job = Job.objects.get()
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(lambda: _followed(job.pk, told))
        while not told:
            assert not following.done()
        run(registry.get(job.kind), claimed(job.pk, a_worker(queues=("imports",))))
        assert following.result(timeout=30)
    assert told == [watch.nobody_listens("imports")]


def _followed(job_id: UUID, told: list[str]) -> bool:
    try:
        return watch.follow(job_id, warn=told.append, bar=False).has_ended
    finally:
        connection.close()


def test_the_owner_is_found_by_address(file: Callable[..., Path]) -> None:
    user = User.objects.create_user("ada@example.org")
    call_command("import_orders", file(), "--owner", "Ada@example.org")
    assert Import.objects.get().upload.owner == user
    assert Job.objects.get().owner_id == user.pk
    with pytest.raises(CommandError, match=r"There is no user eve@example\.org"):
        call_command("import_orders", file(), "--owner", "eve@example.org")
