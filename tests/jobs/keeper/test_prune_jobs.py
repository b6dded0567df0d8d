"""Jobs that ended long ago are forgotten with their weeks; nothing that anybody still needs is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs import transitions
from apps.jobs.keeper import old_weeks
from apps.jobs.keeper.partitions import week_name
from apps.jobs.keeper.prune_jobs import PruneJobs
from apps.jobs.models import Artifact, Attempt, DeadLetter, Effect, Job, LogLine, Progress
from apps.jobs.operating import dead_letters
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.keeper.old_ledger import (
    DAYS,
    LONG_AGO,
    NEXT_WEEK,
    OLD_WEEK,
    ended,
    id_of,
    leave_traces_of,
    names,
    pruned,
    there,
)

pytestmark = pytest.mark.usefixtures("old_ledger")


class TestWeeks:
    def test_one_of_which_all_jobs_ended_long_ago_is_dropped_whole(self) -> None:
        for state in (State.SUCCEEDED, State.SUCCEEDED, State.CANCELLED):
            ended(state)
        young = steps.enqueued()
        pruned()
        assert there() == {young}
        assert OLD_WEEK not in [week.name for week in old_weeks.weeks()]
        assert week_name(datetime.now(UTC)) in names()

    @pytest.mark.parametrize(
        "state", [State.SCHEDULED, State.READY, State.QUEUED, State.RUNNING, State.RETRYING]
    )
    def test_one_with_a_living_job_stays_and_loses_the_others(self, state: State) -> None:
        lives = id_of(LONG_AGO)
        match state:
            case State.SCHEDULED:
                steps.enqueued(id=lives, delay=steps.HOUR)
            case State.READY:
                steps.in_line(id=lives)
            case State.QUEUED:
                steps.enqueued(id=lives)
            case State.RUNNING:
                steps.running(id=lives)
            case State.RETRYING:
                transitions.retry(steps.running(id=lives), steps.TROUBLE, steps.HOUR)
        gone = [ended() for _ in range(5)]
        pruned()
        assert not set(gone) & there()
        assert there() == {lives}
        assert steps.state_of(lives) == state
        assert OLD_WEEK in names()

    def test_what_ended_lately_is_kept_however_old_it_is(self) -> None:
        lately, _ = ended(days=DAYS - 1), ended(days=DAYS + 1)
        pruned()
        assert there() == {lately}

    def test_one_with_nothing_in_it_is_dropped(self) -> None:
        pruned()
        assert not {OLD_WEEK, NEXT_WEEK} & set(names())

    def test_those_that_are_not_old_enough_are_not_looked_at(self) -> None:
        last = week_name(datetime.now(UTC) - timedelta(days=DAYS))
        pruned()
        assert last in names()

    def test_nothing_is_forgotten_when_jobs_are_kept_for_ever(self, settings: LazySettings) -> None:
        settings.BACKLINE_JOB_DAYS = 0
        old, prune = ended(), PruneJobs()
        assert [prune() for _ in range(5)] == [0] * 5
        assert there() == {old}


class TestChords:
    def test_part_of_one_whose_body_waits_is_kept(self) -> None:
        part, other = ended(), ended()
        Job.objects.filter(id=part).update(options={"request": {"group": "waits"}})
        Job.objects.filter(id=other).update(options={"request": {"group": "over"}})
        counter = ChordCounter.objects.create(group_id="waits", sub_tasks="[]", count=1)
        pruned()
        assert there() == {part}
        counter.delete()
        pruned()
        assert there() == set()


class TestDeadLetters:
    def test_an_open_one_is_kept_with_its_job_for_as_long_as_nobody_decides(self) -> None:
        dead = ended(State.DEAD)
        pruned()
        assert there() == {dead}
        assert DeadLetter.objects.filter(job_id=dead, decision="").exists()

    def test_one_that_was_given_up_goes_with_its_job(self) -> None:
        dead = ended(State.DEAD)
        dead_letters.discard(Filter(ids=(dead,)), actor=None, reason="of no use")
        pruned()
        assert there() == set()
        assert not DeadLetter.objects.exists()

    def test_a_replay_that_comes_first_keeps_the_job(self) -> None:
        dead = ended(State.DEAD)
        with steps.another_session() as other:
            with transaction.atomic():
                assert transitions.replay([dead]) == [dead]
                other.start(pruned).result(timeout=60)  # it does not wait for us
            assert there() == {dead}
            assert steps.state_of(dead) == State.READY

    def test_one_that_somebody_holds_is_left_for_the_next_round(self) -> None:
        lives, held = steps.in_line(id=id_of(LONG_AGO)), ended(State.CANCELLED)
        with steps.another_session() as other:
            with transaction.atomic():
                Job.objects.select_for_update().get(id=held)
                other.start(pruned).result(timeout=60)
            assert there() == {lives, held}
        pruned()
        assert there() == {lives}


class TestWhatTheyLeft:
    def test_it_goes_with_the_job_and_stays_with_one_that_is_kept(self) -> None:
        gone, kept = ended(), ended(days=1)
        for job_id in (gone, kept):
            leave_traces_of(job_id)
        pruned()
        for model in (Attempt, LogLine, Progress, Artifact):
            assert set(model.objects.values_list("job_id", flat=True)) == {kept}, model

    def test_a_job_that_is_kept_and_wrote_more_than_a_part_does_not_stop_the_walk(self) -> None:
        kept, gone = ended(days=1), ended()
        for _ in range(3):
            leave_traces_of(kept)
        leave_traces_of(gone)
        pruned()
        assert set(LogLine.objects.values_list("job_id", flat=True)) == {kept}

    def test_a_receipt_stays_for_a_year_and_a_doubt_for_ever(self, settings: LazySettings) -> None:
        job_id = ended()
        for key, done in (("paid", timezone.now()), ("perhaps paid", None)):
            Effect.objects.create(
                key=key, job_id=job_id, lease=new_id(), started_at=timezone.now(), done_at=done
            )
        pruned()
        assert Effect.objects.count() == 2
        Effect.objects.filter(key="paid").update(done_at=timezone.now() - timedelta(days=366))
        pruned()
        assert [effect.key for effect in Effect.objects.all()] == ["perhaps paid"]


def test_once_round_it_rests() -> None:
    prune, lives = PruneJobs(), steps.in_line(id=id_of(LONG_AGO))
    pruned(prune)
    old = ended()
    assert prune() == 0
    assert there() == {lives, old}
