"""Jobs of several kinds are one statement in the caller's transaction, each written as if it came alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.jobs import Unique, job, origin
from apps.jobs.enqueuing.enqueue_batch import Call, enqueue_batch
from apps.jobs.models import Job, Ready
from apps.jobs.origin import current
from apps.jobs.states import State
from tests.jobs.conftest import Inbox
from tests.jobs.steps import row_of
from tests.kinds.add import add
from tests.kinds.walk import walk
from tests.local.waiting import wait_until


def adding(*args: object, **options: object) -> Call:
    """Ask for a job that adds."""
    return Call(add, args, {}, current(), options)


@pytest.mark.django_db
def test_a_job_of_a_batch_is_written_like_a_single_one_but_stands_in_line() -> None:
    options: dict[str, Any] = {"priority": 3, "queue": "imports", "expires": 120}
    with origin(
        owner_id=7, trigger="web", subject="a\tb\\c\nd", tenant="acme", tags=["x y", 'q"'], request_id="r"
    ):
        single = row_of(UUID(add.apply_async((1,), **options).id))
        first, _ = enqueue_batch([adding(1, **options), adding(2)])
    of_batch = row_of(first)
    for row in (single, of_batch):
        row |= {name: row[name] - row["enqueued_at"] for name in ("rank", "expires_at")}
        row |= {"id": None, "enqueued_at": None}
    assert (single.pop("state"), of_batch.pop("state")) == (State.QUEUED, State.READY)
    assert of_batch == single
    assert Ready.objects.filter(id=first, queue="imports", lane="acme").exists()


@pytest.mark.django_db
def test_kinds_and_delays_of_a_batch_may_differ_and_ids_come_in_order() -> None:
    calls = [adding(1), Call(walk, (), {"steps": 3}, current(), {"countdown": 60}), adding(5, priority=2)]
    ids = enqueue_batch(calls)
    found = Job.objects.in_bulk(ids)
    assert [found[job_id].kind for job_id in ids] == ["kinds.add", walk.name, "kinds.add"]
    assert [State(found[job_id].state) for job_id in ids] == [State.READY, State.SCHEDULED, State.READY]
    assert set(Ready.objects.values_list("id", flat=True)) == {ids[0], ids[2]}


@pytest.mark.django_db
def test_a_hundred_jobs_are_one_statement() -> None:
    with CaptureQueriesContext(connection) as asked:
        enqueue_batch([adding(number) for number in range(100)])
    assert len(asked) == 1
    assert Job.objects.count() == 100


@pytest.mark.django_db
def test_the_holder_of_a_unique_key_is_returned_also_within_a_batch() -> None:
    once = job("odd.once_in_a_batch", unique=Unique())(_once)
    ids = enqueue_batch([adding(1), Call(once, (7,), {}, current(), {}), Call(once, (7,), {}, current(), {})])
    assert ids[1] == ids[2]
    assert Job.objects.count() == len(set(ids)) == 2
    again = enqueue_batch([adding(1, idempotency_key="k"), adding(1, idempotency_key="k")])
    assert again[0] == again[1]


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [("x",), (), (1, 2, 3)])
def test_arguments_that_do_not_fit_are_refused_before_anything_is_written(bad: tuple[object, ...]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"kinds\.add"):
        enqueue_batch([adding(1), adding(*bad)])
    assert not Job.objects.exists()


def test_one_alone_goes_to_the_broker_after_the_commit(committed: None, inbox: Inbox) -> None:
    with transaction.atomic():
        [job_id] = enqueue_batch([adding(1)])
        assert inbox.job_ids() == []
    wait_until(inbox.letters)
    assert inbox.job_ids() == [str(job_id)]


@pytest.mark.django_db
def test_nothing_to_enqueue_is_no_statement() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert enqueue_batch([]) == []
    assert not asked.captured_queries


def _once(a: int) -> None:
    """Do nothing."""


@pytest.mark.django_db
def test_keys_of_a_batch_are_taken_in_one_statement_a_kind() -> None:
    once = job("odd.once_by_number", unique=Unique())(_once)
    with CaptureQueriesContext(connection) as asked:
        ids = enqueue_batch([Call(once, (number // 2,), {}, current(), {}) for number in range(100)])
    assert ids[0::2] == ids[1::2]
    assert Job.objects.count() == len(set(ids)) == 50
    assert sum("INTO jobs_unique_key" in query["sql"] for query in asked) == 1
    with CaptureQueriesContext(connection) as asked:
        assert enqueue_batch([Call(once, (number,), {}, current(), {}) for number in range(50)]) == ids[0::2]
    assert sum("jobs_unique_key" in query["sql"] for query in asked) == 2, "taken, and who holds them"


def test_two_batches_in_opposite_orders_do_not_wait_for_one_another(committed: None) -> None:
    once = job("odd.once_in_any_order", unique=Unique())(_once)
    both = Barrier(2)

    def batch(numbers: list[int]) -> list[UUID]:
        try:
            with transaction.atomic():
                both.wait(10)
                return enqueue_batch([Call(once, (number,), {}, current(), {}) for number in numbers])
        finally:
            connection.close()

    numbers = list(range(300))
    with ThreadPoolExecutor(2) as pool:
        forth, back = pool.map(batch, (numbers, numbers[::-1]))
    assert forth == back[::-1]
    assert Job.objects.filter(kind=once.name).count() == 300
