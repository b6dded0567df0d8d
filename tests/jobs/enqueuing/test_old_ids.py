"""An id of a time whose jobs are forgotten has no place in the ledger any more."""

from typing import Any
from uuid import UUID

import pytest
from celery import current_app
from celery.result import AsyncResult
from django.conf import LazySettings
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs import origin
from apps.jobs.models import Job
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.canvas_steps import work
from tests.jobs.keeper.old_ledger import LONG_AGO, id_of
from tests.kinds.add import add

pytestmark = pytest.mark.django_db


def stored(task_id: UUID) -> UUID:
    """Enqueue under an id; return the one that the job has."""
    add.apply_async((1,), task_id=str(task_id))
    return Job.objects.get().id


def test_it_is_refused() -> None:
    with pytest.raises(ValueError, match="jobs are forgotten"):
        stored(id_of(LONG_AGO))


def test_a_step_that_was_given_its_id_so_long_ago_gets_another() -> None:
    given = id_of(LONG_AGO)
    with origin(is_asked=False):  # as what follows in a canvas is enqueued
        assert stored(given) != given


def test_that_old_id_answers_for_the_job() -> None:
    given = id_of(LONG_AGO)
    with origin(is_asked=False):
        job_id = stored(given)
    steps.end(steps.claimed(job_id, steps.a_worker()))
    assert AsyncResult(str(given)).state == "SUCCESS"


def test_chord_ends_whose_last_part_begins_when_its_id_is_that_old() -> None:
    ids = [str(new_id()), str(id_of(LONG_AGO))]
    body: Any = add.si(9)
    current_app.backend.apply_chord(("a chord", [AsyncResult(given) for given in ids]), body)
    for given in ids:
        with origin(is_asked=False):
            add.apply_async((1,), task_id=given, group_id="a chord", chord=body)
    work()
    assert Job.objects.filter(args={"a": 9}).count() == 1
    assert not ChordCounter.objects.exists()


@pytest.mark.parametrize(
    "given", ["0123e677-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"]
)
def test_one_that_tells_no_time_is_refused_in_a_body_too(given: str) -> None:
    with origin(is_asked=False), pytest.raises(ValueError, match="is not a version 7 UUID"):
        stored(UUID(given))


def test_one_of_a_time_that_never_comes_is_refused() -> None:
    with origin(is_asked=False), pytest.raises(ValueError, match="made in the future"):
        stored(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"))


def test_where_jobs_are_kept_for_ever_no_id_is_too_old(settings: LazySettings) -> None:
    settings.BACKLINE_JOB_DAYS = 0
    given = id_of(LONG_AGO)
    assert stored(given) == given
