"""Schedules that are due at once fire in one stroke, each as if it were alone."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import PeriodicTask

from apps.jobs import Unique, job
from apps.jobs.models import Job
from apps.schedules.fire import fire
from apps.schedules.models import Moment, Plan
from tests.schedules.conftest import came_due, jobs_of

Make = Callable[..., PeriodicTask]


@pytest.mark.django_db
def test_how_many_are_due_at_once_changes_nothing_in_the_number_of_statements(every: Make) -> None:
    statements = []
    for count in (2, 30):
        for schedule in [every() for _ in range(count)]:
            came_due(schedule)
        with CaptureQueriesContext(connection) as asked:
            assert fire("here:1") == count
        statements.append(len(asked))
    assert statements[0] == statements[1]
    assert Job.objects.count() == Moment.objects.count() == 32


@pytest.mark.django_db
def test_of_a_unique_kind_that_many_schedules_start_at_once_all_name_the_one_job(every: Make) -> None:
    job("odd.once_for_all", unique=Unique())(_nothing)
    schedules = [every(task="odd.once_for_all", kwargs="{}") for _ in range(3)]
    other = every()
    for schedule in (*schedules, other):
        came_due(schedule)
    assert fire("here:1") == 4
    [only] = Job.objects.filter(kind="odd.once_for_all")
    assert [jobs_of(schedule) for schedule in schedules] == [[only]] * 3
    assert len(jobs_of(other)) == 1


@pytest.mark.django_db
def test_a_moment_that_was_taken_is_passed_over_among_others(every: Make) -> None:
    taken, free = every(), every()
    moment = came_due(taken)
    fire("here:1")
    Plan.objects.filter(pk=taken.pk).update(next_at=moment)
    came_due(free)
    assert fire("here:2") == 2
    assert (len(jobs_of(taken)), len(jobs_of(free)), Job.objects.count()) == (1, 1, 2)


def _nothing() -> None:
    """Do nothing."""
