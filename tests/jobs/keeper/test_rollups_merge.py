"""Old minutes become hours: every number is kept, in one place, until it is older than any job."""

import pytest
from django.conf import LazySettings
from django.db import transaction

from apps.jobs.keeper.rollups import merge
from apps.jobs.models import Rollup
from tests.jobs.minutes import COUNTS, DAY, HOUR, MINUTE, a_minute, current_minute, is_next, summed
from tests.jobs.steps import another_session


@pytest.mark.django_db
def test_minutes_older_than_two_days_become_hours_and_the_sums_stay() -> None:
    hour, yesterday = (current_minute() - 3 * DAY).replace(minute=0), current_minute() - DAY
    is_next(current_minute())
    for place, minute in enumerate((hour, hour + 59 * MINUTE, hour + HOUR, yesterday)):
        a_minute(minute, **dict.fromkeys(COUNTS, 10**place), waited_s=1, ran_s=2, slowest_s=place)
    a_minute(hour, kind="kinds.walk", dead=5)
    before = summed(*COUNTS, "waited_s", "ran_s")
    assert merge() == 4
    assert summed(*COUNTS, "waited_s", "ran_s") == before
    merged = Rollup.objects.get(at=hour, seconds=3600, kind="kinds.add")
    assert (merged.enqueued, merged.waited_s, merged.ran_s, merged.slowest_s) == (11, 2, 4, 1)
    assert summed("enqueued", at=hour + HOUR, seconds=3600) == [100]
    assert Rollup.objects.get(seconds=60).at == yesterday
    assert merge() == 0


@pytest.mark.django_db
def test_an_hour_that_is_there_is_added_to() -> None:
    hour = (current_minute() - 3 * DAY).replace(minute=0)
    is_next(current_minute())
    a_minute(hour, seconds=3600, succeeded=7, ran_s=1.5, slowest_s=1)
    a_minute(hour + MINUTE, succeeded=2, ran_s=0.5, slowest_s=0.25)
    assert merge() == 1
    [row] = Rollup.objects.all()
    assert (row.seconds, row.succeeded, row.ran_s, row.slowest_s) == (3600, 9, 2.0, 1.0)


@pytest.mark.django_db
def test_hours_that_are_not_counted_to_their_end_stay_minutes() -> None:
    hour = (current_minute() - 5 * DAY).replace(minute=0)
    is_next(hour + 30 * MINUTE)
    a_minute(hour)
    a_minute(hour - MINUTE)
    assert merge() == 1
    assert Rollup.objects.get(seconds=60).at == hour


@pytest.mark.django_db
def test_hours_older_than_jobs_are_kept_are_forgotten(settings: LazySettings) -> None:
    settings.BACKLINE_JOB_DAYS = 10
    is_next(current_minute())
    hour = current_minute().replace(minute=0)
    for days in (9, 11):
        a_minute(hour - days * DAY, seconds=3600)
    a_minute(hour - 12 * DAY)  # nobody came to merge it
    assert merge() == 2
    assert Rollup.objects.get().at == hour - 9 * DAY
    settings.BACKLINE_JOB_DAYS = 0
    a_minute(hour - 1000 * DAY, seconds=3600)
    assert merge() == 0


def test_a_minute_is_merged_by_one_of_two_and_nobody_waits(committed: None) -> None:
    hour = (current_minute() - 3 * DAY).replace(minute=0)
    is_next(current_minute())
    for minute in range(5):
        a_minute(hour + minute * MINUTE, succeeded=1)
    with another_session() as other, transaction.atomic():
        assert merge() == 5
        assert other.do(merge) == 0
    assert summed("succeeded") == [5]
    with transaction.atomic():
        a_minute(hour, succeeded=1)
        merge()
        transaction.set_rollback(True)
    assert summed("succeeded") == [5]
