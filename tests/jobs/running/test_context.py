"""What a running job says about itself is fenced by its lease, and answers whether it should stop."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from apps.jobs import CancelRequested, Context, LeaseLost, transitions
from apps.jobs.models import Job, Progress, Worker
from apps.jobs.running import context
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.steps import state_of

Word = Callable[[Context], None]


def say_checkpoint(ctx: Context) -> None:
    """Speak by checkpoint."""
    with transaction.atomic():
        ctx.checkpoint({"row": 5}, done=5, total=10, note="half\ud800way")


def say_progress(ctx: Context) -> None:
    """Speak by progress."""
    ctx.progress(5, 10, "half\x00way")


WORDS = pytest.mark.parametrize("word", [say_checkpoint, say_progress])


@pytest.mark.django_db
@WORDS
def test_a_word_reaches_the_ledger(word: Word) -> None:
    claim = steps.running()
    word(Context(claim))
    told = Progress.objects.get(job_id=claim.id)
    assert (told.done, told.total, told.note, told.attempt, told.rate) == (5, 10, "half?way", 1, None)


@pytest.mark.django_db
@WORDS
@pytest.mark.parametrize("since", ["rescued", "claimed again", "ended"])
def test_a_worker_that_lost_its_lease_can_say_nothing(word: Word, since: str) -> None:
    worker_id = steps.a_worker()
    claim = steps.running(worker_id)
    if since == "ended":
        transitions.succeed(claim, None)
    else:
        transitions.rescue([worker_id], max_deaths=3)
    if since == "claimed again":
        transitions.relay(steps.QUEUE, 1)
        steps.claimed(claim.id, steps.a_worker("two@here"))
    with pytest.raises(LeaseLost):
        word(Context(claim))
    assert not Progress.objects.exists()


@pytest.mark.django_db
@WORDS
def test_a_running_job_sees_a_cancel_at_its_next_word(word: Word) -> None:
    claim = steps.running()
    assert transitions.cancel(claim.id) == State.RUNNING
    with pytest.raises(CancelRequested):
        word(Context(claim))
    assert state_of(claim.id) == State.RUNNING  # until its worker writes the outcome


def test_what_a_checkpoint_vouches_for_is_undone_when_the_lease_was_lost(committed: None) -> None:
    claim = steps.running()
    Job.objects.filter(id=claim.id).update(state=State.READY, lease=None)

    def chunk() -> None:
        with transaction.atomic():
            steps.a_worker("written by the chunk")
            Context(claim).checkpoint({}, done=1)

    with pytest.raises(LeaseLost):
        chunk()
    assert not Worker.objects.filter(name="written by the chunk").exists()


def test_a_checkpoint_outside_a_transaction_is_refused(committed: None) -> None:
    claim = steps.running()
    with pytest.raises(RuntimeError, match=r"belongs inside transaction\.atomic"):
        Context(claim).checkpoint({}, done=1)
    assert not Progress.objects.exists()


def test_a_checkpoint_that_is_rolled_back_was_never_made(committed: None) -> None:
    claim = steps.running()
    with transaction.atomic():
        Context(claim).checkpoint({"row": 1}, done=1)
        transaction.set_rollback(True)
    assert not Progress.objects.exists()


@pytest.mark.django_db
def test_a_checkpoint_clears_the_count_of_deaths_and_progress_does_not() -> None:
    claim = steps.running()
    Job.objects.filter(id=claim.id).update(deaths=2)
    say_progress(Context(claim))
    assert Job.objects.get().deaths == 2
    say_checkpoint(Context(claim))
    assert Job.objects.get().deaths == 0


@pytest.mark.django_db
def test_progress_keeps_the_cursor_of_the_last_checkpoint() -> None:
    claim = steps.running()
    say_checkpoint(Context(claim))
    Context(claim).progress(9)
    told = Progress.objects.get()
    assert (told.done, told.cursor) == (9, {"row": 5})


@pytest.mark.django_db
def test_progress_reaches_the_ledger_at_most_twice_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(context, "monotonic", lambda: now[0])
    ctx = Context(steps.running())
    for done in (1, 2, 3):
        ctx.progress(done)
    assert Progress.objects.get().done == 1
    now[0] += 0.5
    ctx.progress(4)
    assert Progress.objects.get().done == 4


@pytest.mark.django_db
def test_every_checkpoint_is_written_however_quickly_they_come() -> None:
    ctx = Context(steps.running())
    for row in range(5):
        with transaction.atomic():
            ctx.checkpoint({"row": row}, done=row)
    assert Progress.objects.get().cursor == {"row": 4}
    assert ctx.cursor == {"row": 4}


@pytest.mark.django_db
def test_the_rate_is_told_from_the_second_word_on() -> None:
    ctx = Context(steps.running())
    say_checkpoint(ctx)
    with transaction.atomic():
        ctx.checkpoint({}, done=500)
    assert (Progress.objects.get().rate or 0) > 0


def test_what_follows_a_commit_is_done_after_it(committed: None) -> None:
    seen: list[bool] = []
    ctx = Context(steps.running(), after_commit=lambda: seen.append(connection.in_atomic_block))
    say_checkpoint(ctx)
    assert seen == [False]


@pytest.mark.django_db
def test_a_job_knows_its_id_and_its_attempt() -> None:
    worker_id = steps.a_worker()
    first = steps.running(worker_id)
    transitions.hand_back(worker_id)
    transitions.relay(steps.QUEUE, 1)
    ctx = Context(steps.claimed(first.id, worker_id))
    assert (ctx.job_id, ctx.attempt, ctx.cursor) == (first.id, 2, None)


@pytest.mark.django_db
class TestTrack:
    def test_tracked_items_come_as_they_are_and_the_end_is_told(self) -> None:
        ctx = Context(steps.running())
        assert list(ctx.track(["a", "b", "c"], note="letters")) == ["a", "b", "c"]
        told = Progress.objects.get()
        assert (told.done, told.total, told.note) == (3, 3, "letters")

    def test_of_what_cannot_be_counted_the_total_is_open_unless_said(self) -> None:
        for total in (None, 9):
            claim = steps.running()
            list(Context(claim).track(iter("abc"), total))
            told = Progress.objects.get(job_id=claim.id)
            assert (told.done, told.total) == (3, total)

    def test_nothing_to_do_is_done(self) -> None:
        assert list(Context(steps.running()).track([])) == []
        assert (Progress.objects.get().done, Progress.objects.get().total) == (0, 0)

    def test_a_cancel_stops_it_between_two_items(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        monkeypatch.setattr(context, "monotonic", lambda: now[0])
        claim = steps.running()
        seen = []

        def walk() -> None:
            for item in Context(claim).track(range(100)):
                seen.append(item)
                now[0] += 1
                if item == 4:
                    transitions.cancel(claim.id)

        with pytest.raises(CancelRequested):
            walk()
        assert seen == [0, 1, 2, 3, 4]


@pytest.mark.django_db
def test_a_job_that_a_job_starts_is_its_child() -> None:
    claim = steps.running()
    child = Context(claim).spawn("kinds.add", a=1, b=2)
    row = steps.row_of(child)
    assert (row["parent_id"], row["args"]) == (claim.id, {"a": 1, "b": 2})
    assert steps.row_of(Context(claim).spawn("kinds.add", a=1))["parent_id"] == claim.id
