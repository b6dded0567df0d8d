"""An id of a time whose jobs are forgotten has no place in the ledger any more."""

from uuid import UUID

import pytest
from django.conf import LazySettings

from apps.jobs import origin
from apps.jobs.models import Job
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
