"""Events of a message's jobs: of each that did not succeed, its own; of one whose lease was lost, none."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from celery.exceptions import Ignore
from django.db.models.functions import Now

from apps.jobs import Snooze, job, process, transitions
from apps.jobs.models import Job
from apps.jobs.running.run import run_message
from apps.jobs.worker.request import ShownRequest
from tests.jobs import steps
from tests.jobs.test_task import _request as message_of

Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def a_worker_s_process(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a worker's process."""
    monkeypatch.setattr(process, "_worker_id", steps.a_worker())


@job("odd.ends_as")
def ends_as(how: str) -> None:
    """Sleep on, or lose the lease."""
    if how == "snooze":
        raise Snooze(timedelta(hours=1), "later")
    transitions.hand_back(process.worker_id())


def sent_of(job_id: UUID) -> Sent:
    """Run the message of a job, and return the events that the worker's main process sends for it."""
    sent: Sent = []
    request = ShownRequest.__new__(ShownRequest)
    request.id = str(job_id)
    eventer = SimpleNamespace(enabled=True, send=lambda name, **fields: sent.append((name, fields)))
    for name, value in {"_task": SimpleNamespace(send_events=True), "_eventer": eventer}.items():
        setattr(request, name, value)  # it has slots
    try:
        ended = run_message(ends_as, message_of(job_id))
    except Ignore as stale:
        request.send_ends(str(stale))
    else:
        request.send_event("task-succeeded", result=repr(ended), runtime=0.1)
    return sent


@pytest.mark.parametrize(("how", "events"), [("snooze", ["task-retried"]), ("lose", [])])
def test_job_that_did_not_end_is_not_shown_as_succeeded(how: str, events: list[str]) -> None:
    job_id = steps.enqueued(kind="odd.ends_as", args={"how": how})
    assert [name for name, _ in sent_of(job_id)] == events


def test_job_that_was_cancelled_before_is_revoked_at_that_time() -> None:
    job_id = steps.enqueued(kind="odd.ends_as", args={"how": "x"})
    transitions.cancel(job_id)
    [(name, fields)] = sent_of(job_id)
    assert (name, fields["expired"]) == ("task-revoked", False)
    assert fields["timestamp"] == Job.objects.get(id=job_id).finished_at.timestamp()  # type: ignore[union-attr]


def test_job_that_expired_before_is_revoked_as_expired() -> None:
    job_id = steps.enqueued(kind="odd.ends_as", args={"how": "x"})
    Job.objects.filter(id=job_id).update(expires_at=Now())
    [(name, fields)] = sent_of(job_id)
    assert (name, fields["expired"]) == ("task-revoked", True)
