"""Of unique jobs there is one at a time; a caller's second call is answered with the first job."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from apps.jobs import Unique, enqueue, job, origin
from apps.jobs.enqueuing import keys
from apps.jobs.models import Bundle, Job, Ready, UniqueKey
from apps.jobs.states import ENDED, State
from apps.lib.ids import first_id_of, new_id
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import HOUR, another_session, row_of
from tests.kinds.add import add
from tests.local.waiting import wait_until

DAY = timedelta(days=1)


def _welcome(user_id: int, text: str = "hello") -> None: ...


by_all = job("odd.by_all", unique=Unique())(_welcome)
by_user = job("odd.by_user", unique=Unique(by=("user_id",)))(_welcome)
within_a_day = job("odd.within_a_day", unique=Unique(by=("user_id",), within=DAY))(_welcome)
while_it_waits = job("odd.while_it_waits", unique=Unique(states=frozenset({State.READY, State.QUEUED})))(
    _welcome
)


def made(task: Any, *args: object, **options: object) -> UUID:
    """Enqueue a job and return the id of its handle."""
    return UUID(task.apply_async(args, **options).id)


def ended(job_id: UUID, state: State) -> None:
    """Bring a job to an end."""
    steps.end(steps.claimed(job_id, steps.a_worker()), state)


def time_passes(by: timedelta) -> None:
    """Move the end of every key's time towards us."""
    for row in UniqueKey.objects.filter(until__isnull=False):
        UniqueKey.objects.filter(key=row.key).update(until=row.until - by)  # type: ignore[operator]


@pytest.mark.django_db
class TestUniqueKinds:
    def test_a_second_call_is_answered_with_the_first_job(self) -> None:
        first = made(by_all, 1)
        assert made(by_all, 1) == first
        assert Job.objects.count() == Bundle.objects.count() == 1

    def test_leaving_a_default_out_is_the_same_as_giving_it(self) -> None:
        assert made(by_all, 1) == made(by_all, 1, "hello") == UUID(by_all.delay(user_id="1").id)

    def test_other_arguments_are_another_job(self) -> None:
        assert len({made(by_all, 1), made(by_all, 2), made(by_all, 1, "bye")}) == 3

    def test_only_the_chosen_arguments_count(self) -> None:
        assert made(by_user, 1, "hello") == made(by_user, 1, "bye")
        assert made(by_user, 2) != made(by_user, 1)

    def test_kinds_do_not_get_in_each_other_s_way(self) -> None:
        assert made(by_all, 1) != made(by_user, 1)

    @pytest.mark.parametrize("state", sorted(set(State) - ENDED))
    def test_it_holds_its_key_until_it_has_ended(self, state: State) -> None:
        first = made(by_all, 1)
        Job.objects.filter(id=first).delete()
        Ready.objects.all().delete()
        claim = steps.job_in(state)
        UniqueKey.objects.update(job_id=claim.id)
        assert made(by_all, 1) == claim.id

    @pytest.mark.parametrize("state", sorted(ENDED))
    def test_once_it_has_ended_another_may_come(self, state: State) -> None:
        first = made(by_all, 1)
        ended(first, state)
        second = made(by_all, 1)
        assert second != first
        assert made(by_all, 1) == second

    def test_within_a_time_it_counts_though_it_succeeded(self) -> None:
        first = made(within_a_day, 1)
        ended(first, State.SUCCEEDED)
        assert made(within_a_day, 1) == first
        time_passes(DAY)
        assert made(within_a_day, 1) != first

    def test_within_a_time_a_dead_one_does_not_count(self) -> None:
        first = made(within_a_day, 1)
        ended(first, State.DEAD)
        assert made(within_a_day, 1) != first

    def test_it_may_count_only_while_it_waits(self) -> None:
        first = made(while_it_waits, 1)
        assert made(while_it_waits, 1) == first
        steps.claimed(first, steps.a_worker())
        assert made(while_it_waits, 1) != first

    def test_a_call_that_was_rolled_back_holds_nothing(self) -> None:
        with pytest.raises(LookupError):
            _enqueue_and_think_again()
        assert not UniqueKey.objects.exists()
        assert row_of(made(by_all, 1))

    def test_a_job_that_is_refused_holds_nothing(self) -> None:
        with pytest.raises(ValueError, match="task_id"):
            made(by_all, 1, task_id="mine")
        assert not UniqueKey.objects.exists()

    def test_by_kind_it_is_the_same_job(self) -> None:
        assert enqueue("odd.by_all", user_id=1) == made(by_all, 1)


class TestTwoAtOnce:
    def test_the_second_waits_for_the_first_and_is_answered_with_its_job(self, committed: None) -> None:
        with another_session() as other:
            with transaction.atomic():
                first = made(by_all, 1)
                waiting = other.start(lambda: made(by_all, 1))
                wait_until(other.waits_for_a_lock)
            assert waiting.result(timeout=30) == first
        assert Job.objects.count() == 1

    def test_two_that_follow_an_ended_one_are_one(self, committed: None) -> None:
        ended(made(by_all, 1), State.SUCCEEDED)
        with another_session() as other:
            with transaction.atomic():
                first = made(by_all, 1)
                waiting = other.start(lambda: made(by_all, 1))
                wait_until(other.waits_for_a_lock)
            assert waiting.result(timeout=30) == first
        assert Job.objects.exclude(state=State.SUCCEEDED).count() == 1

    def test_when_the_first_rolls_back_the_second_makes_the_job(self, committed: None) -> None:
        with another_session() as other:
            transaction.set_autocommit(False)
            first = made(by_all, 1)
            waiting = other.start(lambda: made(by_all, 1))
            wait_until(other.waits_for_a_lock)
            transaction.rollback()
            transaction.set_autocommit(True)
            second = waiting.result(timeout=30)
        assert list(Job.objects.values_list("id", flat=True)) == [second]
        assert second != first

    def test_a_key_that_changes_hands_meanwhile_is_not_pruned(self, committed: None) -> None:
        ended(made(by_all, 1), State.SUCCEEDED)
        with another_session() as other:
            with transaction.atomic():
                second = made(by_all, 1)
                assert other.do(keys.Prune()) == 0
            assert made(by_all, 1) == second

    def test_only_the_one_that_was_made_is_published(self, committed: None, inbox: Inbox) -> None:
        first = made(by_all, 1)
        made(by_all, 1)
        last = made(by_all, 2)
        wait_until(lambda: len(inbox.letters()) == 2)
        assert inbox.job_ids() == [str(first), str(last)]


@pytest.mark.django_db
class TestIdempotencyKeys:
    def test_a_second_call_with_the_key_is_answered_with_the_first_job(self) -> None:
        first = made(add, 1, idempotency_key="order 7")
        assert made(add, 1, idempotency_key="order 7") == first
        assert made(add, 2, idempotency_key="order 8") != first
        assert Job.objects.count() == 2

    def test_whatever_became_of_it(self) -> None:
        first = made(add, 1, idempotency_key="order 7")
        ended(first, State.DEAD)
        assert made(add, 1, idempotency_key="order 7") == first

    def test_for_a_day(self) -> None:
        first = made(add, 1, idempotency_key="order 7")
        time_passes(DAY)
        assert made(add, 1, idempotency_key="order 7") != first

    def test_keys_of_other_kinds_people_and_tenants_are_others(self) -> None:
        jobs = [made(add, 1, idempotency_key="7"), made(by_user, 1, idempotency_key="7")]
        for who in ({"owner_id": 1}, {"owner_id": 2}, {"tenant": "acme"}, {"owner_id": 1, "tenant": "acme"}):
            with origin(**who):
                jobs.append(made(add, 1, idempotency_key="7"))
        assert len(set(jobs)) == len(jobs)

    def test_of_a_unique_kind_both_keys_count(self) -> None:
        first = made(by_all, 1)
        assert made(by_all, 1, idempotency_key="7") == first
        ended(first, State.SUCCEEDED)
        assert made(by_all, 1, idempotency_key="7") == first  # the same call again
        assert made(by_all, 1, idempotency_key="8") != first

    @pytest.mark.parametrize("key", ["", 7, "x" * 1001, b"7"], ids=["empty", "number", "long", "bytes"])
    def test_a_key_that_is_none_is_refused(self, key: object) -> None:
        with pytest.raises(ValueError, match=r"kinds\.add: idempotency_key must be a text"):
            made(add, 1, idempotency_key=key)
        assert not Job.objects.exists()

    def test_any_text_is_a_key(self) -> None:
        for text in ("nul \x00", "half \ud800", "'; DROP TABLE jobs_job"):
            assert made(add, 1, idempotency_key=text) == made(add, 1, idempotency_key=text)
        assert Job.objects.count() == 3


@pytest.mark.django_db
class TestMany:
    def test_of_many_only_new_ones_are_made(self) -> None:
        there = made(by_all, 3)
        assert by_all.enqueue_many([(1,), (2,), (3,), (2,), (1,)]) == 2
        assert Job.objects.count() == 3
        assert made(by_all, 3) == there
        by_id = {args["user_id"]: job_id for job_id, args in Job.objects.values_list("id", "args")}
        assert {number: made(by_all, number) for number in (1, 2, 3)} == by_id

    def test_across_blocks_too(self) -> None:
        assert by_all.enqueue_many((number % 10_500,) for number in range(21_000)) == 10_500

    def test_all_that_are_there_already_are_none(self) -> None:
        by_all.enqueue_many([(1,), (2,)])
        assert by_all.enqueue_many([(1,), (2,)]) == 0


@pytest.mark.django_db
class TestPruning:
    def test_keys_that_nobody_holds_are_forgotten(self) -> None:
        held, done = made(by_all, 1), made(by_all, 2)
        ended(done, State.SUCCEEDED)
        made(add, 1, idempotency_key="7")
        time_passes(DAY)
        assert keys.Prune()() == 2
        assert [key.job_id for key in UniqueKey.objects.all()] == [held]

    def test_a_key_whose_job_is_not_seen_yet_stays_until_it_must_be_gone(self) -> None:
        made(by_all, 1)
        UniqueKey.objects.update(job_id=new_id())
        assert keys.Prune()() == 0
        UniqueKey.objects.update(job_id=first_id_of(row_of(Job.objects.get().id)["enqueued_at"] - 2 * DAY))
        assert keys.Prune()() == 1

    def test_it_goes_through_the_whole_table_a_batch_at_a_time(self) -> None:
        jobs = [made(by_all, number) for number in range(5)]
        Job.objects.filter(id__in=jobs[1:]).delete()
        UniqueKey.objects.exclude(job_id=jobs[0]).update(
            job_id=first_id_of(row_of(jobs[0])["enqueued_at"] - 2 * DAY)
        )
        prune = keys.Prune(batch=2)
        assert sum(prune() for _ in range(4)) == 4
        assert [key.job_id for key in UniqueKey.objects.all()] == [jobs[0]]


class TestDeclaration:
    def test_to_count_against_ended_jobs_it_must_say_how_long(self) -> None:
        with pytest.raises(ValueError, match="needs within"):
            Unique(states=frozenset({State.SUCCEEDED}))

    @pytest.mark.parametrize("within", [timedelta(), -HOUR])
    def test_no_time_is_refused(self, within: timedelta) -> None:
        with pytest.raises(ValueError, match="within must be longer"):
            Unique(within=within)

    def test_an_argument_that_does_not_exist_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"Job type odd\.u: unique by names 'user', which is none of"):
            job("odd.u", unique=Unique(by=("user",)))(_welcome)

    def test_one_text_is_no_tuple_of_names(self) -> None:
        with pytest.raises(ValueError, match="unique by must be a tuple of names"):
            job("odd.u", unique=Unique(by="user_id"))(_welcome)  # type: ignore[arg-type]


def _enqueue_and_think_again() -> None:
    with transaction.atomic():
        by_all.delay(1)
        raise LookupError("on second thought")
