"""A job that was not to start any more is cancelled, wherever it waits, and says so."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction

from apps.jobs import transitions
from apps.jobs.keeper import expiry
from apps.jobs.models import Attempt, Job, Parked, Ready, Slot
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.steps import QUEUE, in_line, state_of

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def late(job_id: UUID, by: timedelta = MINUTE) -> UUID:
    """Let the moment by which a job had to start be so long ago."""
    steps._rows(
        "UPDATE jobs_job SET expires_at = clock_timestamp() - %s WHERE id = %s RETURNING 1", [by, job_id]
    )
    return job_id


def expired(since: timedelta = HOUR, batch: int = 100) -> int:
    """Look for what expired in the last hour."""
    return transitions.expire(since=since, batch=batch)


@pytest.fixture
def new_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin to lead."""
    monkeypatch.setattr(expiry, "_looked_at", None)


@pytest.mark.django_db
class TestWhatExpires:
    @pytest.mark.parametrize("state", [State.SCHEDULED, State.READY, State.QUEUED, State.RETRYING])
    def test_a_job_that_waits_is_cancelled_with_a_word(self, state: State) -> None:
        job_id = late(steps.job_in(state).id)
        assert expired() == 1
        assert state_of(job_id) == State.CANCELLED
        told = Attempt.objects.filter(job_id=job_id).last()
        assert told is not None
        assert (told.outcome, told.message) == ("cancelled", "It expired before it started.")
        assert not steps.stands_in_line(job_id)
        assert expired() == 0

    @pytest.mark.parametrize("state", [State.RUNNING, State.SUCCEEDED, State.DEAD, State.CANCELLED])
    def test_one_that_started_or_ended_is_left_alone(self, state: State) -> None:
        job_id = late(steps.job_in(state).id)
        assert expired() == 0
        assert state_of(job_id) == state

    def test_before_its_moment_it_waits_on(self) -> None:
        job_id = late(in_line(), by=-MINUTE)
        assert expired() == 0
        assert state_of(job_id) == State.READY

    def test_no_worker_may_claim_it_meanwhile(self) -> None:
        job_id = late(steps.enqueued())
        assert transitions.claim([job_id], bundle=steps.bundle_of(job_id), worker_id=1) == []

    def test_its_place_in_line_among_the_parked_and_of_a_limit_is_freed(self) -> None:
        in_window = late(steps.enqueued())
        in_the_line = late(in_line())
        parked = late(in_line())
        Slot.objects.create(job_id=in_window, key="k", taken_at="2001-01-01T00:00Z")
        steps._rows("DELETE FROM jobs_ready WHERE id = %s RETURNING 1", [parked])
        Parked.objects.create(id=parked, queue=QUEUE, rank="2001-01-01T00:00Z", kind="k")
        assert expired() == 3
        assert not Ready.objects.filter(id=in_the_line).exists()
        assert not Parked.objects.exists()
        assert not Slot.objects.exists()


@pytest.mark.django_db
class TestHowFarItLooks:
    def test_no_further_back_than_asked(self) -> None:
        late(in_line(), by=3 * HOUR)
        assert expired(since=HOUR) == 0
        assert expired(since=4 * HOUR) == 1

    def test_but_at_every_message_that_nobody_claims_since_no_worker_can_end_it(self) -> None:
        late(steps.enqueued(), by=30 * DAY)
        assert expired(since=HOUR) == 0
        steps.bundles_grow_old(6 * MINUTE / 60)
        assert expired(since=HOUR) == 1

    def test_a_crowd_is_expired_in_batches(self, new_leader: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expiry, "_AT_ONCE", 4)
        for _ in range(11):
            late(in_line())
        assert expiry.expire() == 11
        assert not Job.objects.exclude(state=State.CANCELLED).exists()

    def test_a_new_leader_looks_back_a_day_and_then_only_at_what_came_since(self, new_leader: None) -> None:
        late(in_line(), by=23 * HOUR)
        assert expiry.expire() == 1
        late(in_line(), by=2 * HOUR)
        late(in_line(), by=MINUTE / 2)
        assert expiry.expire() == 1


class TestAtTheSameTime:
    def test_one_that_is_being_claimed_is_left_to_its_worker(self, committed: None) -> None:
        job_id = steps.enqueued()
        with transaction.atomic():
            claim = steps.claimed(job_id, 1)
            steps._rows(
                "UPDATE jobs_job SET expires_at = clock_timestamp() WHERE id = %s RETURNING 1", [job_id]
            )
            with steps.another_session() as keeper:
                assert keeper.do(expired) == 0
        assert expired() == 0
        assert transitions.succeed(claim, None)

    def test_of_two_keepers_one_cancels_it(self, committed: None) -> None:
        job_id = late(in_line())
        with transaction.atomic():
            assert expired() == 1
            with steps.another_session() as other:
                assert other.do(expired) == 0
        assert Attempt.objects.filter(job_id=job_id).count() == 1

    def test_a_person_s_cancel_comes_first(self, committed: None) -> None:
        job_id = late(in_line())
        with transaction.atomic():
            transitions.cancel(job_id)
            with steps.another_session() as keeper:
                assert keeper.do(expired) == 0
        assert expired() == 0
        assert not Attempt.objects.exists()
