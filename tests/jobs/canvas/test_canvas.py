"""Chains, groups and chords of jobs: whatever follows a job is one commit with its outcome."""

from typing import cast
from uuid import UUID

import pytest
from celery import Signature, chain, chord, current_app, group
from celery.result import AsyncResult
from django.db import OperationalError, transaction
from django_celery_results.models import ChordCounter  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs import job, origin, registry, transitions
from apps.jobs.canvas import canvas
from apps.jobs.kinds.unique import Unique
from apps.jobs.models import Attempt, DeadLetter, Job
from apps.jobs.running import settle
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.jobs.canvas_steps import marks, states_of, work
from tests.jobs.steps import row_of, state_of
from tests.kinds import canvas as kinds
from tests.kinds.canvas import boom, plus, swap, total

pytestmark = pytest.mark.usefixtures("in_line")

WAIT_S = 0.5  # nothing runs while a test asks


class TestWhatHasAnId:
    def test_every_step_of_a_canvas_has_an_id_that_the_ledger_keeps(self) -> None:
        last = chain(chord([plus.s(1, 1), plus.s(2, 2)], total.s()), plus.s(4))()
        work()
        body, header = last.parent, last.parent.parent
        ids = {last.id, body.id, *(part.id for part in header.results)}
        assert {str(job_id) for job_id in Job.objects.values_list("id", flat=True)} == ids
        assert all(canvas.is_time_ordered(job_id) for job_id in ids)

    def test_a_signature_survives_json_cloning_and_its_name_alone(self) -> None:
        call = plus.s(1)
        for copy in (
            Signature.from_dict(dict(call)),
            call.clone(),
            current_app.signature("canvas.plus", args=(1,)),
        ):
            assert isinstance(copy, canvas.JobSignature)
            assert canvas.is_time_ordered(copy.freeze().id)

    def test_the_id_that_a_caller_chose_is_kept(self) -> None:
        chosen = str(new_id())
        assert chain(plus.s(1), plus.s(2)).apply_async(task_id=chosen).id == chosen


class TestWhatFollows:
    def test_a_chain_hands_each_result_to_the_next_step(self) -> None:
        last = chain(plus.s(1, 2), plus.s(10), plus.s(100))()
        work()
        assert (last.get(WAIT_S), last.parent.get(WAIT_S), last.parent.parent.get(WAIT_S)) == (113, 13, 3)

    def test_a_step_that_wants_no_result_is_given_none(self) -> None:
        last = chain(plus.s(1, 2), plus.si(5, 5))()
        work()
        assert last.get(WAIT_S) == 10

    def test_a_group_of_one_kind_runs_as_a_bundle_and_keeps_its_order(self) -> None:
        parts = group(plus.s(n, n) for n in range(20))()
        work()
        assert parts.get(WAIT_S) == [2 * n for n in range(20)]
        assert parts.completed_count() == 20

    def test_a_chord_in_a_bundle_runs_its_body_once(self) -> None:
        body = chord([plus.s(n, n) for n in range(20)])(total.s())
        work()
        assert body.get(WAIT_S) == 380
        assert states_of("canvas.total") == [State.SUCCEEDED]
        assert not ChordCounter.objects.exists()

    @pytest.mark.parametrize(
        ("make", "value"),
        [
            (lambda: chain(chord([plus.s(1, 1), plus.s(2, 2)], total.s()), plus.s(4)), 10),
            (lambda: chord([chain(plus.s(1, 1), plus.s(1)), plus.s(5, 5)], total.s()), 13),
            (lambda: chord([chord([plus.s(1, 1), plus.s(2, 2)], total.s()), plus.s(5, 5)], total.s()), 16),
            (lambda: chain(plus.s(1, 1), group(plus.s(1), plus.s(2)), total.s(), plus.s(1)), 8),
            (lambda: chord([plus.s(1, 1)], chain(total.s(), plus.s(1))), 3),
            (lambda: chain(group(plus.s(1, 1), plus.s(2, 2)), group(total.s(), total.s()), total.s()), 12),
            (lambda: chord(group(), total.s()), 0),
        ],
        ids=[
            "chord in chain",
            "chain in chord",
            "chord in chord",
            "group in chain",
            "chain body",
            "groups",
            "empty",
        ],
    )
    def test_nested_canvases_end_with_their_value(self, make: object, value: int) -> None:
        result = make().apply_async()  # type: ignore[operator]
        work()
        assert result.get(WAIT_S) == value

    def test_callbacks_are_children_of_their_job(self) -> None:
        first = plus.apply_async((1, 2), link=[plus.s(5), plus.s(6)])
        work()
        children = {
            str(child) for child in Job.objects.filter(parent_id=UUID(first.id)).values_list("id", flat=True)
        }
        told = cast("list[AsyncResult[int]]", first.children)
        assert {child.id for child in told} == children
        assert {AsyncResult(child).get(WAIT_S) for child in children} == {8, 9}

    def test_what_follows_is_for_whom_the_first_was(self) -> None:
        with origin(tenant="acme", subject="the books", tags=["tax"], request_id="r1"):
            last = chain(plus.s(1, 2), plus.s(10))()
        work()
        row = row_of(UUID(last.id))
        assert (row["tenant"], row["subject"], row["tags"], row["request_id"]) == (
            "acme",
            "the books",
            ["tax"],
            "r1",
        )

    def test_a_part_that_is_tried_again_is_counted_once(self) -> None:
        body = chord([kinds.flaky.s(1), plus.s(1, 1)])(total.s())
        words = work()
        assert (body.get(WAIT_S), words["retrying"]) == (12, 2)

    def test_an_atomic_job_and_what_follows_it_are_one_commit(self, marks_table: None) -> None:
        last = chain(kinds.counted.s(1, "once"), boom.si(), plus.s(1))()
        work()
        assert (marks("once"), AsyncResult(last.parent.parent.id).state) == (1, "SUCCESS")

    def test_a_canvas_whose_caller_rolls_back_leaves_nothing(self) -> None:
        with transaction.atomic():
            chord([plus.s(1, 1), plus.s(2, 2)])(total.s())
            assert ChordCounter.objects.count() == 1
            transaction.set_rollback(True)
        assert not Job.objects.exists()
        assert not ChordCounter.objects.exists()


class TestOneCommit:
    def test_a_death_before_the_commit_leaves_neither_the_outcome_nor_what_follows(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = chord([plus.s(1, 1)])(total.s())
        claim = steps.claimed(Job.objects.get().id, steps.a_worker())
        monkeypatch.setattr(settle, "follow", _dies)
        with pytest.raises(SystemExit):
            settle.succeeded(transitions.Success(claim, "2"))
        assert state_of(claim.id) == State.RUNNING
        assert ChordCounter.objects.get().count == 1
        assert not Job.objects.filter(id=UUID(body.id)).exists()

    def test_a_worker_that_lost_its_lease_starts_nothing(self) -> None:
        chain(plus.s(1, 1), plus.s(1))()
        worker = steps.a_worker()
        claim = steps.claimed(Job.objects.get().id, worker)
        transitions.rescue([worker], max_deaths=3)
        assert run(registry.get("canvas.plus"), claim) == "lease lost"
        assert Job.objects.count() == 1

    def test_a_database_that_goes_away_in_between_is_waited_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        last = chain(plus.s(1, 1), plus.s(1))()
        real, calls = settle.follow, []

        def lost_once(*args: object) -> None:
            calls.append(args)
            if len(calls) == 1:
                raise OperationalError("the connection is lost")
            real(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(settle, "follow", lost_once)
        work()
        assert last.get(WAIT_S) == 3
        assert Job.objects.count() == 2

    def test_a_next_step_that_cannot_be_enqueued_buries_its_job_with_the_reason(self) -> None:
        last = chain(plus.s(1, 1), kinds.note.s())()
        assert work() == {"dead": 1}
        assert "canvas.note: argument task_id is 2" in DeadLetter.objects.get().message
        assert last.state == "FAILURE"


class TestUnique:
    def test_a_unique_kind_cannot_be_waited_for(self) -> None:
        one_at_a_time = job("odd.one_at_a_time", unique=Unique())(_nothing)
        with pytest.raises(TypeError, match="may be another's"):
            chain(one_at_a_time.s(), plus.si(1))()
        assert not Job.objects.exists()


class TestReplace:
    @pytest.mark.parametrize(("into", "value"), [("chain", 1101), ("one", 6)])
    def test_a_replaced_job_has_the_result_of_its_replacement(self, into: str, value: object) -> None:
        swapped = swap.delay(1, into=into)
        work()
        assert swapped.get(WAIT_S) == value
        assert state_of(UUID(swapped.id)) == State.SUCCEEDED

    def test_what_waits_for_a_replaced_job_waits_for_its_replacement(self) -> None:
        in_chain, in_chord = chain(swap.s(1), plus.s(1))(), chord([swap.s(1), plus.s(1, 1)])(total.s())
        work()
        assert (in_chain.get(WAIT_S), in_chord.get(WAIT_S)) == (1102, 1103)

    def test_a_replacement_that_fails_fails_those_that_wait(self) -> None:
        in_chain = chain(swap.s(1, into="boom"), plus.s(1))()
        work()
        with pytest.raises(ValueError, match="boom"):
            in_chain.get(WAIT_S)

    def test_an_atomic_job_is_told_that_it_cannot_be_replaced(self) -> None:
        task = job("odd.atomic_swap", atomic=True)(_replaces_itself)
        kept = task.delay()
        claim = steps.claimed(UUID(kept.id), steps.a_worker())
        assert run(task, claim) == "retrying"
        assert "an atomic job cannot replace itself" in Attempt.objects.get().message


def _nothing() -> None:
    """Do nothing."""


def _replaces_itself() -> None:
    registry.get("odd.atomic_swap").replace(plus.s(1))


def _dies(*_: object) -> None:
    raise SystemExit(1)
