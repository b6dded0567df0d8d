"""What was enqueued and what ended in a minute is counted, whatever it is called and whatever clocks say."""

from datetime import timedelta
from uuid import UUID

import pytest

from apps.jobs import transitions
from apps.jobs.keeper import duties
from apps.jobs.keeper.rollups import merge, roll_up
from apps.jobs.models import Attempt, Job, Rollup
from apps.jobs.states import Outcome, State
from apps.lib.ids import first_id_of, new_id
from tests.jobs import steps
from tests.jobs.minutes import COUNTS, DAY, ENOUGH_S, HOUR, MINUTE, current_minute, ended, summed

pytestmark = pytest.mark.django_db


def test_it_tells_how_many_were_enqueued_and_how_each_ended() -> None:
    for state in (
        State.READY,
        State.SUCCEEDED,
        State.SUCCEEDED,
        State.DEAD,
        State.CANCELLED,
        State.RETRYING,
    ):
        steps.job_in(state)
    transitions.snooze(steps.running(), HOUR, "later")
    steps.in_line(kind="kinds.walk", queue="imports")
    assert roll_up(stretch_s=ENOUGH_S) > 0
    assert summed(*COUNTS, kind="kinds.add", queue="default") == [7, 2, 1, 1, 2, 2]
    assert summed(*COUNTS, kind="kinds.walk", queue="imports") == [1, 0, 0, 0, 0, 0]
    assert summed(*COUNTS) == [8, 2, 1, 1, 2, 2]


def test_it_tells_how_long_they_waited_and_ran() -> None:
    end = current_minute() - 10 * MINUTE
    once, again = ended(end), ended(end + timedelta(seconds=59))
    Job.objects.filter(id=once).update(
        enqueued_at=end - timedelta(seconds=5), started_at=end - timedelta(seconds=3)
    )
    Job.objects.filter(id=again).update(attempt=2, started_at=end - HOUR, enqueued_at=end - DAY)
    ended(end, State.DEAD)
    roll_up(stretch_s=ENOUGH_S)
    minute = Rollup.objects.get(at=end)
    assert (minute.succeeded, minute.dead, minute.first_attempts) == (2, 1, 1)
    assert (minute.waited_s, minute.ran_s, minute.slowest_s) == (2, 3 + 3600 + 59, 3659)


def test_a_clock_that_was_set_back_makes_no_time_negative() -> None:
    end = current_minute() - MINUTE
    Job.objects.filter(id=ended(end)).update(started_at=end + HOUR, enqueued_at=end + 2 * HOUR)
    roll_up(stretch_s=ENOUGH_S)
    assert summed("succeeded", "waited_s", "ran_s", "slowest_s", at=end) == [1, 0, 0, 0]


def test_a_job_is_enqueued_in_the_minute_of_its_id() -> None:
    minute = current_minute() - 30 * MINUTE
    for moment in (
        minute - timedelta(milliseconds=1),
        minute,
        minute + MINUTE - timedelta(milliseconds=1),
    ):
        steps.in_line(id=UUID(int=first_id_of(moment).int | new_id().int % (1 << 80)))
    roll_up(stretch_s=ENOUGH_S)
    assert summed("enqueued", at=minute - MINUTE) == [1]
    assert summed("enqueued", at=minute) == [2]


def test_only_attempts_of_which_the_body_failed_count_as_failed() -> None:
    job_id, at = steps.in_line(), current_minute()
    for number, outcome in enumerate(Outcome.values):
        Attempt.objects.create(job_id=job_id, number=number, outcome=outcome, started_at=at, ended_at=at)
    Attempt.objects.create(job_id=new_id(), number=1, outcome="failed", started_at=at, ended_at=at)  # pruned
    roll_up(stretch_s=ENOUGH_S)
    assert summed("failed_attempts") == [1]


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE jobs_job; --", '"><script>', "%s %(days)s {}", "\\", "\u202e🙂" * 300, ""]
)
def test_a_name_is_only_a_name(name: str) -> None:
    steps.in_line(kind=name, queue=name)
    roll_up(stretch_s=ENOUGH_S)
    [row] = Rollup.objects.all()
    assert (row.kind, row.queue, row.enqueued) == (name[:400], name[:200], 1)


def test_of_an_empty_ledger_nothing_is_counted() -> None:
    assert roll_up(stretch_s=ENOUGH_S) == 0
    assert merge() == 0
    assert not Rollup.objects.exists()


def test_counted_twice_the_numbers_are_the_same() -> None:
    ended(current_minute())
    roll_up(stretch_s=ENOUGH_S)
    before = list(Rollup.objects.order_by("at").values())
    assert roll_up(stretch_s=ENOUGH_S) == 0
    assert list(Rollup.objects.order_by("at").values()) == before


def test_the_keeper_does_both() -> None:
    done = {duty.name for duty in duties.upkeep()}
    assert {"roll up", "merge roll-ups"} <= done
