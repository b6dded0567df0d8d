"""A replayed job of a unique kind takes its key again, or stays dead beside the job that holds it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.jobs import Unique, job, transitions
from apps.jobs.enqueuing import keys
from apps.jobs.models import DeadLetter, Replay
from apps.jobs.operating import replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.people import LETTERS, asked, confirmed
from tests.jobs.steps import TROUBLE, another_session
from tests.jobs.test_dead_letters_command import told
from tests.jobs.test_jobs_command import told as told_of_jobs

WHY = "the till is open again"


def _pay(order: int) -> None: ...


def _to_order(stored: dict[str, object]) -> dict[str, object]:
    return {"order": str(stored["number"])}


once = job("odd.replayed_once", unique=Unique())(_pay)
dead_or_alive = job("odd.dead_or_alive", unique=Unique(within=timedelta(days=1), states=frozenset(State)))(
    _pay
)
renamed = job("odd.now_once", aliases=("odd.then_once",), unique=Unique(), version=2, upcast={1: _to_order})(
    _pay
)


def died(task: Any, order: int) -> UUID:
    """Let a job die that held its key."""
    claim = steps.claimed(UUID(task.delay(order).id), steps.a_worker())
    assert transitions.bury(claim, TROUBLE, {"args": claim.args})
    return claim.id


def replayed(*ids: UUID, **words: Any) -> Replay:
    """Replay these, or all."""
    return replay.replay(Filter(ids=ids or None), actor=None, reason=WHY, **words)


def outcome(record: Replay) -> tuple[str, int, int, int]:
    """Return where a replay stands, how many it sent, left dead and does not follow."""
    record.refresh_from_db()
    return record.stage, record.sent, record.held, record.skipped


@pytest.mark.django_db
class TestKeys:
    def test_beside_a_newer_job_that_holds_the_key_it_stays_a_dead_letter(self) -> None:
        old = died(once, 7)
        newer = UUID(once.delay(7).id)
        assert newer != old
        assert outcome(replayed()) == ("done", 0, 1, 0)
        assert steps.state_of(old) == State.DEAD
        assert DeadLetter.objects.get(pk=old).decision == DeadLetter.Decision.OPEN
        assert UUID(once.delay(7).id) == newer

    def test_when_that_one_has_ended_it_goes_and_holds_its_key_again(self) -> None:
        old = died(once, 7)
        transitions.cancel(UUID(once.delay(7).id))
        assert outcome(replayed()) == ("going", 1, 0, 0)
        keys.Prune()()
        assert UUID(once.delay(7).id) == old

    def test_of_two_dead_ones_with_one_key_one_goes(self) -> None:
        first, second = died(once, 7), died(once, 7)
        other = died(once, 8)
        assert outcome(replayed()) == ("going", 2, 1, 0)
        states = [steps.state_of(job_id) for job_id in (first, second, other)]
        assert states == [State.READY, State.DEAD, State.READY]

    def test_a_job_that_holds_its_key_though_it_is_dead_may_go(self) -> None:
        old = died(dead_or_alive, 7)
        assert outcome(replayed()) == ("going", 1, 0, 0)
        assert steps.state_of(old) == State.READY

    def test_with_other_arguments_it_takes_the_key_of_those(self) -> None:
        first, second = died(once, 7), died(once, 8)
        once.delay(9)
        assert replayed(first, args={"order": 9}).held == 1
        assert steps.row_of(first)["args"] == {"order": 7}
        once.delay(8)
        assert replayed(second, args={"order": 10}).sent == 1
        assert UUID(once.delay(10).id) == second

    def test_arguments_of_a_former_name_and_version_make_the_key_of_today(self) -> None:
        claim = steps.running(kind="odd.then_once", args={"number": 7})
        transitions.bury(claim, TROUBLE, {})
        assert replayed().sent == 1
        assert UUID(renamed.delay(7).id) == claim.id

    @pytest.mark.parametrize("version", [1, 3])
    def test_one_whose_key_cannot_be_told_stays_dead(self, version: int) -> None:
        claim = steps.running(kind="odd.now_once", args={"order": 7}, schema_version=version)
        transitions.bury(claim, TROUBLE, {})
        assert outcome(replayed()) == ("done", 0, 1, 0)

    def test_however_many_there_are_it_asks_no_more_often(self) -> None:
        died(once, 1)
        with CaptureQueriesContext(connection) as few:
            replayed()
        for order in range(2, 42):
            died(once, order)
        with CaptureQueriesContext(connection) as many:
            assert replayed().sent == 40
        assert len(many) <= len(few)


def test_a_transaction_that_thinks_long_about_a_key_keeps_no_keeper_waiting(committed: None) -> None:
    old = died(once, 7)
    with another_session() as keeper:
        with transaction.atomic():
            newer = UUID(once.delay(7).id)
            record = keeper.do(replayed)
            assert outcome(record) == ("going", 0, 0, 0)
            assert keeper.do(replay.go_on) == 0
        keeper.do(replay.go_on)
    assert outcome(record) == ("done", 0, 1, 0)
    assert (steps.state_of(old), steps.state_of(newer)) == (State.DEAD, State.QUEUED)


@pytest.mark.django_db
class TestWhatIsSaid:
    @pytest.fixture(autouse=True)
    def _held(self) -> None:
        self.old = died(once, 7)
        once.delay(7)

    def test_by_the_command(self) -> None:
        assert told("replay", self.old, "--reason", WHY)["held"] == 1
        [record] = told("replays")["replays"]
        assert (record["sent"], record["held"]) == (0, 1)

    def test_by_retry(self) -> None:
        [word] = told_of_jobs("retry", self.old)["jobs"].values()
        assert word == "stays failed: another job holds its unique key, or the key is unknown"

    def test_by_the_admin(self, operator: Client) -> None:
        page = confirmed(operator, asked(operator, LETTERS, "replay_selected", [self.old]), canary=0)
        assert "0 of 1 queued again. 1 stay failed: another job holds their unique key" in page
