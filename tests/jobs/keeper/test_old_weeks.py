"""A week leaves the job table without stopping anybody, and nothing in it is lost, whatever dies or waits."""

from datetime import timedelta
from time import monotonic

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from apps.jobs import sql, transitions
from apps.jobs.keeper import old_weeks, prune_jobs
from apps.jobs.keeper.prune_jobs import PruneJobs
from apps.jobs.models import Job, LogLine
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.keeper.old_ledger import (
    LONG_AGO,
    NEXT_WEEK,
    OLD_WEEK,
    ended,
    id_of,
    leave_traces_of,
    pruned,
    there,
    week_called,
)

pytestmark = pytest.mark.usefixtures("old_ledger")


def test_a_keeper_that_dies_behind_the_detaching_leaves_a_week_that_the_next_one_drops() -> None:
    ended()
    assert old_weeks.detach(week_called(OLD_WEEK))
    assert there() == set()
    pruned()
    assert OLD_WEEK not in [week.name for week in old_weeks.weeks()]


def test_a_job_that_came_into_a_week_while_it_left_is_back_at_once() -> None:
    lives = steps.in_line(id=id_of(LONG_AGO))
    assert old_weeks.detach(week_called(OLD_WEEK))
    pruned()
    assert there() == {lives}
    assert steps.state_of(lives) == State.READY


def test_nothing_of_a_job_is_forgotten_while_its_week_is_out() -> None:
    lives = steps.in_line(id=id_of(LONG_AGO))
    leave_traces_of(lives)
    assert old_weeks.detach(week_called(OLD_WEEK))
    with steps.another_session() as other, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {OLD_WEEK}")  # it cannot be put back while we read
        other.start(pruned).result(timeout=60)
        assert lives not in there()
    assert LogLine.objects.filter(job_id=lives).count() == 3


def test_somebodys_long_transaction_is_not_waited_for() -> None:
    ended()
    with steps.another_session() as other:
        with transaction.atomic():
            Job.objects.count()  # holds every week until its end
            assert other.start(lambda: old_weeks.detach(week_called(OLD_WEEK))).result(timeout=60) is False
            assert week_called(OLD_WEEK).is_leaving
            young = other.start(steps.enqueued).result(timeout=60)  # nobody is held up meanwhile
        assert steps.state_of(young) == State.QUEUED
    pruned()
    assert OLD_WEEK not in [week.name for week in old_weeks.weeks()]


def test_two_weeks_behind_one_long_transaction_cost_the_keeper_a_moment_each_round() -> None:
    ended()
    with steps.another_session() as other, transaction.atomic():
        Job.objects.count()
        for _ in range(3):
            other.start(pruned).result(timeout=60)  # and it is no trouble: the keeper goes on leading
        assert [week.name for week in old_weeks.weeks() if week.is_leaving] == [OLD_WEEK]
    pruned()
    assert not {OLD_WEEK, NEXT_WEEK} & {week.name for week in old_weeks.weeks()}


def test_a_backup_that_reads_a_week_which_is_out_keeps_it_for_another_round() -> None:
    ended()
    assert old_weeks.detach(week_called(OLD_WEEK))
    with steps.another_session() as other, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {OLD_WEEK}")
        other.start(pruned).result(timeout=60)
        assert OLD_WEEK in [week.name for week in old_weeks.weeks()]
    pruned()
    assert OLD_WEEK not in [week.name for week in old_weeks.weeks()]


def test_a_week_that_somebody_took_out_by_hand_is_theirs() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE jobs_job DETACH PARTITION {OLD_WEEK}")
        pruned()
        cursor.execute(f"SELECT count(*) FROM {OLD_WEEK}")
        cursor.execute(f"DROP TABLE {OLD_WEEK}")


def test_one_that_somebody_takes_out_by_hand_and_cannot_yet_is_theirs() -> None:
    ended()
    take_out = f"ALTER TABLE jobs_job DETACH PARTITION {OLD_WEEK}"
    with steps.another_session() as other:
        with transaction.atomic():
            Job.objects.count()  # holds every week until its end
            other.start(lambda: give_up_soon(f"{take_out} CONCURRENTLY")).result(timeout=60)
            assert week_called(OLD_WEEK).is_leaving
        pruned()
        pruned()
    assert week_called(OLD_WEEK).is_leaving, "nobody but them finishes it"
    execute(f"{take_out} FINALIZE")
    pruned()
    execute(f"DROP TABLE {OLD_WEEK}")  # it is there


def test_a_week_that_could_not_leave_is_not_taken_for_ours_when_it_leaves_by_hand() -> None:
    lives = steps.in_line(id=id_of(LONG_AGO))
    with steps.another_session() as other, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE jobs_job IN SHARE UPDATE EXCLUSIVE MODE")
        assert other.start(lambda: old_weeks.detach(week_called(OLD_WEEK))).result(timeout=60) is False
    assert week_called(OLD_WEEK) == old_weeks.Week(OLD_WEEK, is_attached=True)
    execute(f"COMMENT ON TABLE {OLD_WEEK} IS '{old_weeks._MARK}'")  # as one that died there left it
    pruned()
    assert week_called(OLD_WEEK) == old_weeks.Week(OLD_WEEK, is_attached=True)
    assert there() == {lives}


def test_a_week_that_is_out_and_has_to_wait_is_looked_at_again_within_a_minute() -> None:
    lives, prune = steps.in_line(id=id_of(LONG_AGO)), PruneJobs(batch=2)
    assert old_weeks.detach(week_called(OLD_WEEK))
    with steps.another_session() as other, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {OLD_WEEK}")
        other.start(lambda: pruned(prune)).result(timeout=60)
    assert prune._rests_until - monotonic() <= 60
    prune._rests_until = 0.0
    pruned(prune)
    assert there() == {lives}
    assert prune._rests_until - monotonic() > 60


@pytest.mark.parametrize("is_out_again", [False, True])
def test_a_week_that_another_keeper_put_back_is_not_dropped_by_who_looked_through_it_before(
    is_out_again: bool,
) -> None:
    dead = ended(State.DEAD)
    assert old_weeks.detach(week_called(OLD_WEEK))
    as_it_was = week_called(OLD_WEEK)
    assert old_weeks.attach_again(as_it_was)
    assert transitions.replay([dead]) == [dead]
    if is_out_again:
        assert old_weeks.detach(week_called(OLD_WEEK))
    assert not old_weeks.drop(as_it_was)
    pruned()
    assert there() == {dead}


def test_traces_are_left_alone_once_another_keeper_takes_a_week_out() -> None:
    lives, gone = steps.in_line(id=id_of(LONG_AGO)), ended()
    for job_id in (lives, gone):
        leave_traces_of(job_id)
    parts = PruneJobs(batch=1)._parts(prune_jobs._long_ago())
    while LogLine.objects.filter(job_id=gone).count() == 3:
        next(parts)
    assert old_weeks.detach(week_called(OLD_WEEK))
    assert not any(parts)
    assert LogLine.objects.filter(job_id=lives).count() == 3


def test_who_was_not_called_for_long_begins_anew() -> None:
    ended()
    prune = PruneJobs(batch=1)
    prune._round = iter(())  # what is left of a round, in which nothing was found
    prune._called_at = monotonic() - 60
    pruned(prune)
    assert there() == set()


def test_a_database_clock_that_runs_ahead_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lately = ended(days=1)
    with monkeypatch.context() as patched:
        patched.setattr(sql, "run", lambda *_: [(timezone.now() + timedelta(days=365),)])
        pruned()
    assert there() == {lately}


def test_a_database_that_goes_away_ends_the_round_and_the_next_call_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended()
    prune = PruneJobs(batch=2)
    monkeypatch.setattr(prune_jobs, "_REST_AFTER_TROUBLE_S", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(old_weeks, "weeks", _is_away)
        with pytest.raises(OperationalError):
            prune()
    pruned(prune)
    assert there() == set()


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def give_up_soon(statement: str) -> None:
    """Execute a statement that will have to wait, and let it go."""
    execute("SET lock_timeout = '100ms'")
    with pytest.raises(OperationalError):
        execute(statement)
    execute("RESET lock_timeout")


def _is_away() -> list[old_weeks.Week]:
    raise OperationalError("the connection is closed")
