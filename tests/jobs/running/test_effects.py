"""An outside effect is done once, or a person is asked; whatever dies in between."""

from uuid import UUID

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from apps.jobs import Context, Discard, EffectUnknown, LeaseLost, Snooze, registry, transitions
from apps.jobs.models import Action, DeadLetter, Effect, Job
from apps.jobs.operating import unknown_effects
from apps.jobs.running.record import Record, being_kept
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.jobs.transitions import Claim, Success
from tests.jobs import steps
from tests.jobs.bodies import run_body
from tests.jobs.steps import state_of

pytestmark = pytest.mark.usefixtures("committed")


class Till:
    """The other side: it takes money each time it is asked to."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self) -> dict[str, int]:
        """Take money and give a receipt."""
        self.taken += 1
        return {"receipt": self.taken}


def unplugged() -> object:
    """Fail without having reached the other side."""
    raise ConnectionRefusedError


def cut_off() -> object:
    """Fail, and nobody knows when."""
    raise TimeoutError


def begun(claim: Claim, key: str = "charge order 7") -> None:
    """Leave an effect that nobody saw end."""
    with pytest.raises(TimeoutError):
        Context(claim).effect(key, cut_off)


def next_attempt(claim: Claim) -> Claim:
    """Let the job's worker die, and another claim it."""
    transitions.rescue([_worker_of(claim.id)], max_deaths=9)
    transitions.relay(steps.QUEUE, 100)
    return steps.claimed(claim.id, steps.a_worker("next@here"))


class TestOnce:
    def test_a_second_attempt_gets_the_receipt_and_does_nothing(self) -> None:
        till, first = Till(), steps.running()
        assert Context(first).effect("charge order 7", till.take) == {"receipt": 1}
        assert Context(next_attempt(first)).effect("charge order 7", till.take) == {"receipt": 1}
        assert till.taken == 1

    def test_another_job_of_the_kind_with_the_same_key_gets_it_too(self) -> None:
        till = Till()
        for claim in (steps.running(), steps.running()):
            Context(claim).effect("charge order 7", till.take)
        assert till.taken == 1

    def test_other_keys_and_other_kinds_are_other_effects(self) -> None:
        till = Till()
        Context(steps.running()).effect("charge order 7", till.take)
        Context(steps.running()).effect("charge order 8", till.take)
        Context(steps.running(kind="kinds.walk")).effect("charge order 7", till.take)
        assert till.taken == 3

    def test_that_it_began_is_committed_before_and_its_receipt_after(self) -> None:
        seen: list[tuple[bool, object]] = []

        def look() -> str:
            with steps.another_session() as other:
                [effect] = other.do(lambda: list(Effect.objects.all()))
            seen.append((effect.done_at is None, effect.receipt))
            return "paid"

        Context(steps.running()).effect("charge order 7", look)
        effect = Effect.objects.get()
        assert seen == [(True, None)]
        assert (effect.done_at is None, effect.receipt) == (False, "paid")

    @pytest.mark.parametrize("receipt", [None, "", 0, {"deep": ["ü"]}])
    def test_any_plain_receipt_comes_back(self, receipt: object) -> None:
        claim = steps.running()
        for _ in range(2):
            assert Context(claim).effect("charge order 7", lambda: receipt) == receipt


class TestUnknown:
    def test_an_effect_that_nobody_saw_end_is_not_tried_again(self) -> None:
        till, claim = Till(), steps.running()
        begun(claim)
        with pytest.raises(EffectUnknown, match=r"nobody knows whether it\s+happened"):
            Context(claim).effect("charge order 7", till.take)
        with pytest.raises(EffectUnknown):
            Context(next_attempt(claim)).effect("charge order 7", till.take)
        assert till.taken == 0

    def test_its_job_ends_as_a_dead_letter_that_says_what_to_do(self) -> None:
        def charge(ctx: Context) -> object:
            return ctx.effect("charge order 7", cut_off)

        word, claim = run_body(charge, max_attempts=9)
        assert word == "retrying"
        steps.released(claim.id)
        again = steps.claimed(claim.id, steps.a_worker("next@here"))
        assert run(registry.get(claim.kind), again) == "dead"
        assert "manage.py effects happened" in DeadLetter.objects.get(job_id=claim.id).message

    def test_an_exception_that_proves_that_nothing_happened_leaves_it_untried(self) -> None:
        till, claim = Till(), steps.running()
        with pytest.raises(ConnectionRefusedError):
            Context(claim).effect("charge order 7", unplugged, undone_by=(ConnectionRefusedError,))
        Context(claim).effect("charge order 7", till.take)
        assert till.taken == 1

    def test_while_another_job_is_at_it_one_waits(self) -> None:
        begun(steps.running())
        with pytest.raises(Snooze, match="Another job is at the effect"):
            Context(steps.running()).effect("charge order 7", Till().take)

    def test_a_receipt_that_is_not_json_ends_the_job_and_the_effect_is_done(self) -> None:
        with pytest.raises(Discard, match="was done, but its receipts must be JSON"):
            Context(steps.running()).effect("charge order 7", object)
        assert Effect.objects.get().done_at is not None


class TestRefusals:
    def test_a_job_that_lost_its_lease_does_nothing(self) -> None:
        till, claim = Till(), steps.running()
        next_attempt(claim)
        with pytest.raises(LeaseLost):
            Context(claim).effect("charge order 7", till.take)
        assert till.taken == 0
        assert not Effect.objects.exists()

    def test_inside_a_transaction_it_is_refused(self) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError, match="outside transactions"):
            Context(steps.running()).effect("charge order 7", Till().take)

    @pytest.mark.parametrize("key", ["", "x" * 501, "nul \x00", "half \ud800"])
    def test_a_key_that_cannot_be_kept_is_refused(self, key: str) -> None:
        with pytest.raises(ValueError, match="An effect's key"):
            Context(steps.running()).effect(key, Till().take)


def test_what_neighbours_came_to_is_written_before() -> None:
    """Else a process that dies in the effect would let them run again."""
    neighbour, claim = steps.running(), steps.running()
    record = Record()
    record._successes.append(Success(neighbour))
    message = being_kept.set(record)
    try:
        state = Context(claim).effect("charge order 7", lambda: int(state_of(neighbour.id)))
    finally:
        being_kept.reset(message)
    assert state == State.SUCCEEDED


class TestDecisions:
    @pytest.fixture
    def unknown(self) -> Claim:
        """A job that died in the middle of an effect, claimed again."""
        claim = steps.running()
        begun(claim)
        return next_attempt(claim)

    def test_a_person_says_that_it_happened(self, unknown: Claim) -> None:
        command("happened", "kinds.add:charge order 7", '--receipt={"receipt": 3}', "--reason=seen")
        assert Context(unknown).effect("charge order 7", Till().take) == {"receipt": 3}
        entry = Action.objects.get()
        assert (entry.verb, entry.reason) == ("effect happened", "seen")

    def test_a_person_says_that_it_did_not(self, unknown: Claim) -> None:
        till = Till()
        command("undone", "kinds.add:charge order 7", "--reason=not there")
        assert Context(unknown).effect("charge order 7", till.take) == {"receipt": 1}
        assert till.taken == 1

    def test_what_waits_is_listed(self, unknown: Claim, capsys: pytest.CaptureFixture[str]) -> None:
        begun(steps.running(), "a job is at it")
        command("list")
        told = capsys.readouterr().out
        assert "kinds.add:charge order 7" in told
        assert "a job is at it" not in told

    @pytest.mark.parametrize(
        "words",
        [
            ("happened", "kinds.add:never begun", "--reason=x"),
            ("undone", "kinds.add:never begun", "--reason=x"),
            ("happened", "kinds.add:charge order 7", "--receipt={", "--reason=x"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, unknown: Claim, words: tuple[str, ...]) -> None:
        with pytest.raises(CommandError):
            command(*words)
        assert Effect.objects.get().done_at is None

    def test_nobody_decides_for_a_job_that_is_at_it(self) -> None:
        begun(steps.running())
        with pytest.raises(unknown_effects.NotOpen):
            unknown_effects.did_not_happen("kinds.add:charge order 7", actor=None, reason="")


def command(*words: str) -> None:
    call_command("effects", *words)


def _worker_of(job_id: UUID) -> int:
    return int(Job.objects.values_list("worker_id", flat=True).get(id=job_id))
