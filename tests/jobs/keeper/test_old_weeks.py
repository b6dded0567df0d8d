"""A week leaves the job table without stopping anybody, and nothing in it is lost, whatever dies or waits."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from apps.jobs import sql
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


def test_a_database_clock_that_runs_ahead_forgets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lately = ended(days=1)
    monkeypatch.setattr(sql, "run", lambda *_: [(timezone.now() + timedelta(days=365),)])
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


def _is_away() -> list[old_weeks.Week]:
    raise OperationalError("the connection is closed")
