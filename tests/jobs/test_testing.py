"""A test of a project runs what its code enqueued, in its own process and transaction."""

import pytest
from celery import current_app
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from apps.jobs import enqueue
from apps.jobs.models import DeadLetter, Job
from apps.jobs.states import State
from apps.jobs.testing import run_jobs
from tests.kinds.add import add

pytestmark = pytest.mark.django_db


def test_jobs_run_with_their_results_and_their_errors() -> None:
    added = enqueue("kinds.add", a=1)
    failed = enqueue("kinds.fail", how="discard")
    assert run_jobs() == 2
    states = dict(Job.objects.values_list("id", "state"))
    assert states == {added: State.SUCCEEDED, failed: State.DEAD}
    assert DeadLetter.objects.filter(pk=failed).exists()


def test_what_a_job_starts_runs_as_well() -> None:
    last = (add.si(a=1) | add.si(a=2)).apply_async()
    assert run_jobs() == 2
    assert last.state == "SUCCESS"


def test_without_jobs_nothing_runs() -> None:
    assert run_jobs() == 0


@pytest.mark.parametrize("where", ["settings", "application"])
def test_an_eager_celery_is_refused_with_what_a_test_uses_instead(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "settings":
        settings.CELERY_TASK_ALWAYS_EAGER = True
    else:
        monkeypatch.setitem(current_app.conf.changes or {}, "task_always_eager", True)
    for call in (
        lambda: add.delay(a=1),
        lambda: enqueue("kinds.add", a=1),
        lambda: add.enqueue_many([{"a": 1}]),
    ):
        with pytest.raises(ImproperlyConfigured, match=r"apps\.jobs\.testing\.run_jobs\(\)"):
            call()
    assert not Job.objects.exists()
