"""Minutes are counted one after the other, again while outcomes may come late, and none is left out."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from apps.jobs import transitions
from apps.jobs.keeper.rollups import roll_up
from apps.jobs.models import Job, RolledUp, Rollup
from apps.jobs.states import State
from apps.lib.ids import first_id_of, new_id
from tests.jobs import steps
from tests.jobs.minutes import DAY, ENOUGH_S, HOUR, MINUTE, current_minute, ended, is_next, summed
from tests.jobs.steps import Session, another_session
from tests.local.waiting import wait_until


@pytest.mark.django_db
class TestMinutesThatComeAgain:
    def test_what_is_known_late_replaces_the_numbers(self) -> None:
        end = current_minute() - 2 * MINUTE
        died = ended(end, State.DEAD)
        is_next(end)
        roll_up(stretch_s=ENOUGH_S)
        assert summed("succeeded", "dead", at=end) == [0, 1]
        Job.objects.filter(id=died).update(finished_at=end - DAY)
        ended(end)
        is_next(end)
        roll_up(stretch_s=ENOUGH_S)
        assert summed("succeeded", "dead", at=end) == [1, 0]

    def test_a_job_that_is_replayed_later_leaves_the_old_numbers(self) -> None:
        end = current_minute() - 10 * MINUTE
        died = ended(end, State.DEAD)
        roll_up(stretch_s=ENOUGH_S)
        assert transitions.replay([died]) == [died]
        roll_up(stretch_s=ENOUGH_S)
        assert summed("dead", at=end) == [1]

    def test_a_minute_of_which_nothing_is_left_is_forgotten(self) -> None:
        ended(current_minute())
        roll_up(stretch_s=ENOUGH_S)
        assert summed("succeeded") == [1]
        Job.objects.all().delete()
        assert roll_up(stretch_s=ENOUGH_S) >= 1
        assert not Rollup.objects.exists()


@pytest.mark.django_db
class TestAfterAnOutage:
    def test_an_hour_is_caught_up_a_minute_at_a_step_where_time_is_short(self) -> None:
        start = current_minute() - HOUR
        is_next(start)
        for end in (start, start + 59 * MINUTE):
            ended(end)
        for counted in range(60):
            assert summed("succeeded") == [min(counted, 1)]
            assert RolledUp.objects.get().next_at == start + counted * MINUTE
            roll_up(stretch_s=0)
        assert summed("succeeded") == [2]

    def test_it_then_goes_on_with_the_last_three(self) -> None:
        is_next(current_minute() - HOUR)
        roll_up(stretch_s=ENOUGH_S)
        assert current_minute() - RolledUp.objects.get().next_at in (2 * MINUTE, 3 * MINUTE)

    def test_what_is_older_than_jobs_are_kept_is_left_out(self, settings: LazySettings) -> None:
        settings.BACKLINE_JOB_DAYS = 1
        is_next(current_minute() - 200 * DAY)
        roll_up(stretch_s=0)
        assert current_minute() - RolledUp.objects.get().next_at in (DAY - MINUTE, DAY)

    def test_a_clock_that_was_set_back_does_not_stop_the_counting(self) -> None:
        is_next(current_minute() + DAY)
        ended(current_minute())
        roll_up(stretch_s=ENOUGH_S)
        roll_up(stretch_s=ENOUGH_S)
        assert summed("succeeded") == [1]


class TestLongTransactions:
    def test_what_one_enqueued_minutes_before_it_ended_is_counted_then(self, committed: None) -> None:
        began, oldest = current_minute() - 20 * MINUTE, current_minute() - 10 * MINUTE
        roll_up(stretch_s=ENOUGH_S)
        RolledUp.objects.update(open_since=began)  # as a look found it, and it is over now
        for moment in (began, oldest):
            steps.in_line(id=UUID(int=first_id_of(moment).int | new_id().int % (1 << 80)))
        roll_up(stretch_s=ENOUGH_S)
        assert summed("enqueued") == [0], "the last three minutes, and then it goes back"
        roll_up(stretch_s=ENOUGH_S)
        assert [summed("enqueued", at=moment) for moment in (began, oldest)] == [[1], [1]]
        assert current_minute() - RolledUp.objects.get().next_at in (2 * MINUTE, 3 * MINUTE)

    def test_an_hour_is_counted_again_at_most(self, committed: None) -> None:
        roll_up(stretch_s=ENOUGH_S)
        RolledUp.objects.update(open_since=current_minute() - DAY)
        roll_up(stretch_s=ENOUGH_S)
        assert current_minute() - RolledUp.objects.get().next_at in (HOUR, HOUR + MINUTE)

    def test_one_is_remembered_until_it_ends_and_one_that_reads_is_none(self, committed: None) -> None:
        with another_session() as other:
            with transaction.atomic():
                Job.objects.count()
                other.do(lambda: roll_up(stretch_s=ENOUGH_S))
                assert RolledUp.objects.get().open_since is None
            with transaction.atomic():
                steps.in_line()
                other.do(lambda: roll_up(stretch_s=ENOUGH_S))
                with connection.cursor() as cursor:
                    cursor.execute("SELECT now()")
                    assert [(RolledUp.objects.get().open_since,)] == cursor.fetchall()
            other.do(lambda: roll_up(stretch_s=ENOUGH_S))
        assert RolledUp.objects.get().open_since is None


class TestTwoAtOnce:
    @pytest.fixture
    def other(self, committed: None) -> Iterator[Session]:
        """A second keeper."""
        with another_session() as session:
            yield session

    def test_the_second_counts_the_minute_after_the_firsts(self, other: Session) -> None:
        start = current_minute() - HOUR
        is_next(start)
        for end in (start, start + MINUTE):
            ended(end)
        with transaction.atomic():
            roll_up(stretch_s=0)
            answer = other.start(lambda: roll_up(stretch_s=0))
            wait_until(other.waits_for_a_lock)
        answer.result(timeout=60)
        assert [summed("succeeded", at=end) for end in (start, start + MINUTE)] == [[1], [1]]
        assert RolledUp.objects.get().next_at == start + 2 * MINUTE

    def test_two_that_begin_do_not_count_twice(self, other: Session) -> None:
        ended(current_minute())
        with transaction.atomic():
            roll_up(stretch_s=ENOUGH_S)
            answer = other.start(lambda: roll_up(stretch_s=ENOUGH_S))
            wait_until(lambda: other.waits_for_a_lock() or answer.done())
        answer.result(timeout=60)
        assert summed("succeeded", "enqueued") == [1, 1]

    def test_one_that_is_cut_off_leaves_its_minute_to_the_next(self, other: Session) -> None:
        start = current_minute() - HOUR
        is_next(start)
        ended(start)
        with transaction.atomic():
            roll_up(stretch_s=0)
            transaction.set_rollback(True)
        assert RolledUp.objects.get().next_at == start
        other.do(lambda: roll_up(stretch_s=0))
        assert summed("succeeded", at=start) == [1]

    def test_an_outcome_that_is_committed_late_is_counted_then(self, other: Session) -> None:
        claim = steps.running()
        with transaction.atomic():
            transitions.succeed(claim, "done")
            other.do(lambda: roll_up(stretch_s=ENOUGH_S))
        assert summed("enqueued", "succeeded") == [1, 0]
        roll_up(stretch_s=ENOUGH_S)
        assert summed("enqueued", "succeeded") == [1, 1]
