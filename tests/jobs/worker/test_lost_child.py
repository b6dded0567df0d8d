"""When a child dies, the job it was in answers for it, and nobody beside it."""

from time import monotonic
from typing import Any

import pytest
from django.db import transaction

from apps.jobs import process, transitions
from apps.jobs.models import Attempt, Bundle, DeadLetter, Job, Ready
from apps.jobs.running.slate import Entry
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.jobs.worker.enforce import Reason, Sentence
from apps.jobs.worker.lost_child import bury_child
from tests.jobs import steps
from tests.jobs.steps import row_of, state_of

PID = 4711


@pytest.fixture
def worker_id(db: None, monkeypatch: pytest.MonkeyPatch) -> int:
    """The worker whose child it was."""
    worker_id = steps.a_worker()
    monkeypatch.setattr(process, "_worker_id", worker_id)
    return worker_id


@pytest.fixture
def bundle(worker_id: int) -> list[Claim]:
    """Five jobs that the child held, of one message."""
    return held(worker_id, 5)


def held(worker_id: int, jobs: int, **fields: Any) -> list[Claim]:
    """Let the child claim so many jobs with one message."""
    ids = [steps.enqueued(**fields) for _ in range(jobs)]
    Bundle.objects.all().delete()
    message = Bundle.objects.create(
        queue=steps.QUEUE, kind=steps.KIND, published_at="2026-01-01T00:00Z", ids=ids
    )
    claims = transitions.claim(ids, bundle=message.id, worker_id=worker_id)
    Job.objects.filter(id__in=ids).update(worker_pid=PID)
    return claims


def in_the_middle_of(claim: Claim, limit_s: float = 2) -> Entry:
    return Entry(PID, claim.lease, claim.id, monotonic() - limit_s, monotonic())


def charged() -> dict[object, tuple[int, int]]:
    """Return the jobs that something is held against: failures, deaths."""
    rows = Job.objects.exclude(failures=0, deaths=0).values_list("id", "failures", "deaths")
    return {job_id: (failures, deaths) for job_id, failures, deaths in rows}


def alone() -> set[object]:
    return set(Ready.objects.filter(alone=True).values_list("id", flat=True))


class TestCrash:
    def test_the_job_it_was_in_is_charged_a_death_and_next_runs_alone(
        self, worker_id: int, bundle: list[Claim]
    ) -> None:
        guilty = bundle[2]
        freed = bury_child(worker_id, PID, last=in_the_middle_of(guilty), sentence=None)
        assert set(freed) == {claim.id for claim in bundle}
        assert {state_of(claim.id) for claim in bundle} == {State.READY}
        assert charged() == {guilty.id: (0, 1)}
        assert alone() == {guilty.id}
        stories = dict(Attempt.objects.values_list("job_id", "outcome"))
        assert stories.pop(guilty.id) == "lost"
        assert set(stories.values()) == {"handed back"}
        steps.assert_nothing_is_lost()

    def test_where_nobody_knows_which_it_was_nobody_is_charged_and_each_runs_alone(
        self, worker_id: int, bundle: list[Claim]
    ) -> None:
        bury_child(worker_id, PID, last=None, sentence=None)
        assert charged() == {}
        assert alone() == {claim.id for claim in bundle}

    def test_one_that_it_held_alone_is_charged_wherever_it_was(self, worker_id: int) -> None:
        [only] = held(worker_id, 1)
        bury_child(worker_id, PID, last=None, sentence=None)
        assert charged() == {only.id: (0, 1)}

    def test_what_ended_before_stays_ended(self, worker_id: int, bundle: list[Claim]) -> None:
        transitions.succeed(bundle[0], "done")
        bury_child(worker_id, PID, last=in_the_middle_of(bundle[1]), sentence=None)
        assert state_of(bundle[0].id) == State.SUCCEEDED

    def test_a_second_time_frees_nothing(self, worker_id: int, bundle: list[Claim]) -> None:
        last = in_the_middle_of(bundle[2])
        bury_child(worker_id, PID, last=last, sentence=None)
        assert bury_child(worker_id, PID, last=last, sentence=None) == []
        assert charged() == {bundle[2].id: (0, 1)}


class TestOverdue:
    def test_it_is_a_failure_and_the_retry_policy_decides(self, worker_id: int, bundle: list[Claim]) -> None:
        guilty = bundle[2]
        last = in_the_middle_of(guilty)
        bury_child(worker_id, PID, last=last, sentence=Sentence(last, Reason.OVERDUE))
        assert charged() == {guilty.id: (1, 0)}
        assert state_of(guilty.id) == State.RETRYING
        story = Attempt.objects.get(job_id=guilty.id)
        assert (story.outcome, story.error_type) == ("failed", "TimedOut")
        assert story.message.startswith("It ran longer than its limit of 0:00:02")
        assert alone() == set()
        assert {state_of(claim.id) for claim in bundle if claim != guilty} == {State.READY}
        steps.assert_nothing_is_lost()

    def test_the_last_failure_buries_it_with_its_evidence(self, worker_id: int) -> None:
        [claim] = held(worker_id, 1, max_attempts=1)
        last = in_the_middle_of(claim)
        bury_child(worker_id, PID, last=last, sentence=Sentence(last, Reason.OVERDUE))
        letter = DeadLetter.objects.get(job_id=claim.id)
        assert letter.message.startswith("It ran longer than its limit")
        assert letter.evidence["args"] == {"a": 1}
        assert not steps.is_in_window(claim.id)

    def test_a_process_that_was_killed_in_its_next_job_is_nobody_s_fault(
        self, worker_id: int, bundle: list[Claim]
    ) -> None:
        meant = in_the_middle_of(bundle[2])
        bury_child(worker_id, PID, last=in_the_middle_of(bundle[3]), sentence=Sentence(meant, Reason.OVERDUE))
        assert charged() == {}
        assert {state_of(claim.id) for claim in bundle} == {State.READY}


def test_a_cancelled_job_ends_as_cancelled_and_its_neighbours_run_again(
    worker_id: int, bundle: list[Claim]
) -> None:
    guilty = bundle[2]
    transitions.cancel(guilty.id)
    last = in_the_middle_of(guilty)
    bury_child(worker_id, PID, last=last, sentence=Sentence(last, Reason.CANCELLED))
    assert state_of(guilty.id) == State.CANCELLED
    assert charged() == {}
    assert {state_of(claim.id) for claim in bundle if claim != guilty} == {State.READY}


@pytest.mark.parametrize("reason", [None, Reason.OVERDUE])
def test_a_job_whose_row_the_dead_session_still_holds_is_left_for_the_next_look(
    committed: None, reason: Reason | None
) -> None:
    worker_id = steps.a_worker()
    guilty, neighbour = held(worker_id, 2)
    last = in_the_middle_of(guilty)
    sentence = reason and Sentence(last, reason)
    with steps.another_session() as voice:
        with transaction.atomic():
            Job.objects.select_for_update().get(id=guilty.id)
            freed = voice.do(lambda: bury_child(worker_id, PID, last=last, sentence=sentence))
            assert freed == [neighbour.id]
        assert voice.do(lambda: bury_child(worker_id, PID, last=last, sentence=sentence)) == [guilty.id]
    row = row_of(guilty.id)
    assert (row["failures"], row["deaths"]) == ((1, 0) if reason else (0, 1))
