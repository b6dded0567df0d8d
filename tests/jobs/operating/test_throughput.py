"""What pages and commands say about the last hour, or since a moment, is what was counted by the minute."""

from datetime import timedelta

import pytest

from apps.jobs.keeper.rollups import merge, roll_up
from apps.jobs.operating.throughput import last_hour, totals
from tests.jobs import steps
from tests.jobs.minutes import DAY, ENOUGH_S, HOUR, MINUTE, a_minute, current_minute, ended, is_next

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_where_nothing_happened_nothing_is_said() -> None:
    assert last_hour() == {}
    assert totals(since=current_minute() - DAY) == []


def test_the_last_hour_adds_up_queues_and_leaves_out_what_is_older() -> None:
    now = current_minute()
    a_minute(now - 10 * MINUTE, succeeded=3, ran_s=6, failed_attempts=1)
    a_minute(now - 10 * MINUTE, queue="imports", succeeded=1, ran_s=2, dead=2)
    a_minute(now - 20 * MINUTE, dead=1)
    a_minute(now - 61 * MINUTE, succeeded=50)
    a_minute(now - 10 * MINUTE, seconds=3600, succeeded=50)
    hour = last_hour()[steps.KIND]
    assert (hour.succeeded, hour.dead, hour.failed_attempts, hour.mean_run) == (4, 3, 1, 2 * SECOND)
    first, second = sorted(hour.minutes)
    assert (second - first, second) in ((10, 49), (10, 48))  # as the minute turns
    assert hour.minutes[second] == (now - 10 * MINUTE, 4, 2)
    assert hour.minutes[first] == (now - 20 * MINUTE, 0, 1)


def test_a_kind_of_which_nothing_succeeded_has_no_mean() -> None:
    a_minute(current_minute(), enqueued=1, dead=1)
    assert last_hour()[steps.KIND].mean_run is None
    [of_it] = totals(since=current_minute() - HOUR)
    assert (of_it.mean_run, of_it.mean_wait, of_it.slowest) == (None, None, None)


def test_totals_reach_back_to_the_minute_and_to_the_hour() -> None:
    now = current_minute()
    a_minute(now - 5 * MINUTE, succeeded=1)
    a_minute(now - 6 * MINUTE, succeeded=10)
    a_minute(now - 3 * DAY, seconds=3600, succeeded=100)
    a_minute(now - 3 * DAY - HOUR, seconds=3600, succeeded=1000)
    spans = (5 * MINUTE - SECOND, 5 * MINUTE, 5 * MINUTE + SECOND, 3 * DAY - 30 * MINUTE, 3 * DAY + SECOND)
    found = [[each.succeeded for each in totals(since=now - span)] for span in spans]
    assert found == [[1], [1], [11], [111], [1111]]


def test_one_kind_is_told_alone_and_all_are_sorted() -> None:
    for kind in ("kinds.walk", "kinds.add", "a' OR '1'='1"):
        a_minute(current_minute(), kind=kind, enqueued=1)
    since = current_minute() - HOUR
    assert [each.kind for each in totals(since=since)] == ["a' OR '1'='1", "kinds.add", "kinds.walk"]
    assert [each.kind for each in totals(since=since, kind="a' OR '1'='1")] == ["a' OR '1'='1"]


def test_merging_changes_no_total() -> None:
    start = (current_minute() - 3 * DAY).replace(minute=0)
    for minute in (0, 7, 59):
        ended(start + minute * MINUTE)
        is_next(start + minute * MINUTE)
        roll_up(stretch_s=0)
    before = totals(since=start)
    assert [each.succeeded for each in before] == [3]
    is_next(current_minute())
    assert merge() == 3
    assert totals(since=start) == before


def test_what_the_keeper_counted_is_told() -> None:
    ended(current_minute() - MINUTE)
    roll_up(stretch_s=ENOUGH_S)
    [of_it] = totals(since=current_minute() - HOUR)
    assert (of_it.enqueued, of_it.succeeded) == (1, 1)
    assert last_hour()[steps.KIND].succeeded == 1
