"""Workers in the admin: which are alive, silent, dead or stopped, and what each runs."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from apps.jobs.models import Worker
from apps.jobs.operating.condition import Condition, condition
from apps.jobs.worker import workers
from tests.jobs import steps
from tests.jobs.people import log_in

pytestmark = pytest.mark.django_db

WORKERS = "/admin/jobs/worker/"
NONE_ALIVE = "No worker is alive."


@pytest.fixture
def viewer(client: Client) -> Client:
    """A member of staff who may look at workers."""
    return log_in(client, "view_worker")


def silent_for(worker_id: int, seconds: int) -> None:
    """Let a worker's last heartbeat be so long ago."""
    Worker.objects.filter(pk=worker_id).update(heartbeat_at=Now() - timedelta(seconds=seconds))


def shown(viewer: Client) -> dict[str, Condition]:
    """Return the conditions on the page, the first row first."""
    rows = viewer.get(WORKERS).context["cl"].result_list
    return {worker.name: condition(worker, worker.now) for worker in rows}


def test_each_worker_has_a_condition_and_those_that_may_work_come_first(viewer: Client) -> None:
    stopped = steps.a_worker("stopped@here")
    workers.sign_off(stopped)
    buried = steps.a_worker("buried@here")
    silent_for(buried, 60)
    Worker.objects.filter(pk=buried).update(stopped_at=Now())  # by the keeper
    silent_for(steps.a_worker("dead@here"), 60)
    silent_for(steps.a_worker("silent@here"), 12)
    steps.a_worker("alive@here")
    assert shown(viewer) == {
        "alive@here": Condition.ALIVE,
        "silent@here": Condition.SILENT,
        "dead@here": Condition.DEAD,
        "buried@here": Condition.DEAD,
        "stopped@here": Condition.STOPPED,
    }
    assert {*list(shown(viewer))[:3]} == {"alive@here", "silent@here", "dead@here"}
    page = viewer.get(WORKERS).content.decode()
    for word in Condition:
        assert f'<strong class="condition {word}">{word}</strong>' in page


def test_what_a_worker_runs_is_named(viewer: Client) -> None:
    busy = steps.a_worker("busy@here")
    steps.a_worker("idle@here")
    steps.running(busy)
    steps.running(busy)
    steps.running(busy, kind="kinds.walk")
    runs = {worker.name: worker.running for worker in viewer.get(WORKERS).context["cl"].result_list}
    assert runs == {"busy@here": "kinds.add (2 jobs), kinds.walk", "idle@here": ""}


def test_when_none_is_alive_it_stands_above(viewer: Client) -> None:
    assert NONE_ALIVE in viewer.get(WORKERS).content.decode()
    worker_id = steps.a_worker()
    assert NONE_ALIVE not in viewer.get(WORKERS).content.decode()
    silent_for(worker_id, 12)
    assert NONE_ALIVE not in viewer.get(WORKERS).content.decode()
    silent_for(worker_id, 60)
    assert NONE_ALIVE in viewer.get(WORKERS).content.decode()


def test_process_ids_have_no_separators(viewer: Client) -> None:
    worker = steps.a_worker()
    Worker.objects.filter(pk=worker).update(pid=31804)
    for page in ("", f"{worker}/change/"):
        shown = viewer.get(f"/admin/jobs/worker/{page}").content.decode()
        assert "31804" in shown
        assert "31,804" not in shown
