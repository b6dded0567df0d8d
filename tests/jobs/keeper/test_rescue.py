"""A dead worker's jobs come back; a job that keeps killing its workers does not."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.jobs import Context, sql, transitions
from apps.jobs.keeper import rescue
from apps.jobs.models import Attempt, DeadLetter, Job, Worker
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.jobs.worker import workers
from tests.jobs import steps
from tests.jobs.steps import a_worker, falls_silent, row_of, running, state_of
from tests.local.waiting import wait_until

_MY_AGE_S = (
    "SELECT extract(epoch FROM clock_timestamp() - backend_start) "
    "FROM pg_stat_activity WHERE pid = pg_backend_pid()"
)


def again(claim: Claim) -> Claim:
    """Relay and claim a job that was put back, as another worker."""
    transitions.relay(steps.QUEUE, 100)
    return steps.claimed(claim.id, a_worker("next@here"))


@pytest.mark.usefixtures("patient")
class TestSilence:
    def test_the_jobs_of_a_worker_that_fell_silent_stand_in_line_again(self) -> None:
        worker_id = a_worker()
        claims = [running(worker_id) for _ in range(3)]
        other = running(a_worker("alive@here"))
        falls_silent(worker_id)

        assert rescue.rescue() == 3
        assert {state_of(claim.id) for claim in claims} == {State.READY}
        assert all(steps.stands_in_line(claim.id) for claim in claims)
        assert state_of(other.id) == State.RUNNING
        assert rescue.rescue() == 0
        steps.assert_nothing_is_lost()

    def test_the_attempt_is_told(self) -> None:
        worker_id = a_worker("gone@there")
        claim = running(worker_id)
        falls_silent(worker_id)
        rescue.rescue()
        story = Attempt.objects.get(job_id=claim.id)
        assert (story.outcome, story.number, story.worker_name) == ("lost", 1, "gone@there")
        assert (story.error_type, story.message) == ("WorkerLost", "Its worker died.")

    def test_a_worker_that_beats_is_left_alone(self) -> None:
        worker_id = a_worker()
        claim = running(worker_id)
        falls_silent(worker_id)
        workers.beat(worker_id)
        assert rescue.rescue() == 0
        assert state_of(claim.id) == State.RUNNING

    def test_a_worker_that_wakes_up_again_counts_as_alive_but_has_lost_its_leases(self) -> None:
        worker_id = a_worker()
        claim = running(worker_id)
        falls_silent(worker_id)
        rescue.rescue()
        workers.beat(worker_id)
        assert Worker.objects.get(id=worker_id).stopped_at is None
        assert not transitions.succeed(claim, "too late")

    def test_a_claim_that_came_after_its_worker_was_declared_dead_is_taken_too(self) -> None:
        worker_id = a_worker()
        falls_silent(worker_id)
        rescue.rescue()
        claim = running(worker_id)
        assert rescue.rescue() == 1
        assert state_of(claim.id) == State.READY

    def test_a_job_left_by_a_worker_that_signed_off_is_taken(self) -> None:
        worker_id = a_worker()
        claim = running(worker_id)
        workers.sign_off(worker_id)
        assert rescue.rescue() == 1
        assert state_of(claim.id) == State.READY

    def test_a_silent_worker_without_jobs_is_only_declared_dead(self) -> None:
        worker_id = a_worker()
        falls_silent(worker_id)
        assert rescue.rescue() == 0
        assert Worker.objects.get(id=worker_id).stopped_at is not None


class TestLock:
    """A worker's session holds a lock; when both are gone, nobody waits for its whole patience."""

    @pytest.fixture
    def silent(self, committed: None, monkeypatch: pytest.MonkeyPatch) -> int:
        """A worker with a lock whose last beat is some seconds old, in a database that is up for long."""
        monkeypatch.setattr(settings, "BACKLINE_HEARTBEAT_S", -1)  # it should have beaten just now
        monkeypatch.setattr(rescue, "_LATE_S", 1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())")
            monkeypatch.setattr(settings, "BACKLINE_DEAD_AFTER_S", min(15.0, float(cursor.fetchone()[0]) / 2))
        worker_id = a_worker()
        Worker.objects.update(has_lock=True)
        return worker_id

    def test_a_worker_whose_session_is_gone_is_dead_at_once(self, silent: int) -> None:
        claim = running(silent)
        with steps.another_session() as session:
            assert session.do(lambda: workers.lock(silent))
            assert rescue.rescue() == 0, "its session lives"
        wait_until(lambda: rescue.rescue() == 1)
        assert state_of(claim.id) == State.READY

    def test_a_statement_that_waited_for_a_lock_declares_no_worker_dead(
        self, silent: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "BACKLINE_HEARTBEAT_S", 0)
        old = "SELECT count(*) FROM jobs_worker WHERE heartbeat_at < clock_timestamp() - interval '1 second'"
        with steps.another_session() as keeper:
            wait_until(lambda: keeper.do(lambda: steps._rows(_MY_AGE_S))[0][0] > 1)
            with transaction.atomic(), connection.cursor() as cursor:
                Worker.objects.update(heartbeat_at=Now())
                cursor.execute("LOCK TABLE jobs_worker IN EXCLUSIVE MODE")
                looked = keeper.start(rescue.declare_dead)
                wait_until(keeper.waits_for_a_lock)
                wait_until(lambda: steps._rows(old)[0][0] == 1)
            assert looked.result(timeout=60) == 0

    def test_one_that_never_had_a_lock_is_waited_for(self, silent: int) -> None:
        running(silent)
        Worker.objects.update(has_lock=False)
        assert rescue.rescue() == 0

    def test_one_that_beat_lately_may_take_its_lock_again(
        self, silent: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "BACKLINE_HEARTBEAT_S", 5)
        running(silent)
        assert rescue.rescue() == 0

    def test_a_keeper_that_lost_its_own_session_lately_cannot_tell(self, silent: int) -> None:
        """Then the database may have dropped them all."""
        running(silent)
        Worker.objects.update(heartbeat_at=F("heartbeat_at") - timedelta(seconds=9))
        patience = {"patience": 10, "silence": 8}
        connection.close()  # the next one is younger than that
        assert sql.run("dead_workers", patience) == []


@pytest.mark.django_db
def test_a_restart_of_the_database_does_not_look_like_the_death_of_all_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "BACKLINE_DEAD_AFTER_S", int(timedelta(days=30).total_seconds()))
    worker_id = a_worker()
    running(worker_id)
    Worker.objects.update(heartbeat_at="2001-01-01T00:00Z")
    assert rescue.rescue() == 0
    assert Worker.objects.get().stopped_at is None


@pytest.mark.django_db
class TestDeaths:
    def test_each_death_is_counted_and_the_last_buries_the_job_with_its_evidence(self) -> None:
        claim = running(args={"a": 7})
        for death in (1, 2):
            transitions.rescue([_worker_of(claim)], max_deaths=3)
            assert (state_of(claim.id), row_of(claim.id)["deaths"]) == (State.READY, death)
            claim = again(claim)
        transitions.rescue([_worker_of(claim)], max_deaths=3)

        row, letter = row_of(claim.id), DeadLetter.objects.get()
        assert (row["state"], row["deaths"], row["fingerprint"]) == (State.DEAD, 3, "WorkerLost")
        assert letter.message.startswith("Its worker died 3 times without getting further.")
        assert letter.evidence == {"error_type": "WorkerLost", "deaths": 3, "args": {"a": 7}}
        assert [story.number for story in Attempt.objects.filter(job_id=claim.id)] == [1, 2, 3]
        assert not steps.stands_in_line(claim.id)

    def test_one_that_gets_further_each_time_is_no_killer(self) -> None:
        claim = running()
        for done in range(6):
            with transaction.atomic():
                Context(claim).checkpoint({}, done=done)
            transitions.rescue([_worker_of(claim)], max_deaths=2)
            assert state_of(claim.id) == State.READY
            claim = again(claim)

    def test_one_that_begins_anew_and_dies_at_the_same_place_is_a_killer(self) -> None:
        claim = running()
        for death in (1, 2, 3):
            for row in (1, 2):
                with transaction.atomic():
                    Context(claim).checkpoint({"row": row}, done=row)
            transitions.rescue([_worker_of(claim)], max_deaths=3)
            assert row_of(claim.id)["deaths"] == death
            claim = again(claim) if death < 3 else claim
        assert state_of(claim.id) == State.DEAD

    def test_a_lost_worker_is_no_failure_of_the_job(self) -> None:
        claim = running(max_attempts=1)
        transitions.rescue([_worker_of(claim)], max_deaths=3)
        assert row_of(claim.id)["failures"] == 0
        assert again(claim).attempt == 2

    def test_a_hand_back_counts_nothing_and_buries_nobody(self) -> None:
        claim = running()
        for _ in range(5):
            assert transitions.hand_back(_worker_of(claim)) == [claim.id]
            assert (state_of(claim.id), row_of(claim.id)["deaths"]) == (State.READY, 0)
            claim = again(claim)
        assert {story.outcome for story in Attempt.objects.all()} == {"handed back"}
        assert {story.error_type for story in Attempt.objects.all()} == {""}

    @pytest.mark.parametrize("how", ["rescued", "handed back"])
    def test_a_job_that_was_asked_to_stop_is_not_started_again(self, how: str) -> None:
        claim = running()
        transitions.cancel(claim.id)
        if how == "rescued":
            transitions.rescue([_worker_of(claim)], max_deaths=3)
        else:
            transitions.hand_back(_worker_of(claim))
        assert state_of(claim.id) == State.CANCELLED
        assert not steps.stands_in_line(claim.id)
        assert not steps.is_in_window(claim.id)


@pytest.mark.django_db
class TestKilledChild:
    def test_only_the_jobs_of_the_killed_process_come_back(self) -> None:
        worker_id = a_worker()
        mine, sibling, namesake = running(worker_id), running(worker_id), running(a_worker("two@here"))
        Job.objects.filter(id__in=[mine.id, namesake.id]).update(worker_pid=4711)
        freed = transitions.rescue_child(worker_id, 4711, max_deaths=3)
        assert freed == [mine.id]
        assert state_of(sibling.id) == state_of(namesake.id) == State.RUNNING
        assert Attempt.objects.get().message == "Its worker process 4711 was killed."

    def test_a_process_that_ran_nothing_frees_nothing(self) -> None:
        worker_id = a_worker()
        running(worker_id)
        assert transitions.rescue_child(worker_id, 4711, max_deaths=3) == []

    def test_a_draining_worker_gives_back_one_process_s_jobs_without_a_death(self) -> None:
        worker_id = a_worker()
        claim = running(worker_id)
        Job.objects.filter(id=claim.id).update(worker_pid=4711)
        assert transitions.hand_back(worker_id, 4711) == [claim.id]
        assert row_of(claim.id)["deaths"] == 0


@pytest.mark.django_db
def test_nobody_s_jobs_are_rescued_when_nobody_died() -> None:
    claim = running()
    assert transitions.rescue([], max_deaths=3) == []
    assert state_of(claim.id) == State.RUNNING


def _worker_of(claim: Claim) -> int:
    return int(row_of(claim.id)["worker_id"])
