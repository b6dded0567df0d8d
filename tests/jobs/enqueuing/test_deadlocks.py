"""Unique jobs that two transactions enqueue in opposite orders: a call of its own transaction succeeds."""

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, transaction

from apps.jobs import Unique, job, origin
from apps.jobs.enqueuing import keys
from apps.jobs.enqueuing.enqueue_batch import Call, enqueue_batch
from apps.jobs.models import Job
from apps.jobs.origin import current
from tests.jobs.marks import execute
from tests.jobs.steps import Session, another_session
from tests.local.waiting import wait_until

pytestmark = pytest.mark.usefixtures("committed")


def _once(number: int) -> None:
    """Do nothing."""


once = job("odd.once_in_opposite_orders", unique=Unique())(_once)
FIRST, LAST = sorted((1, 2), key=lambda number: keys.key_of(once, {"number": number}))


def _with_a_key(number: int) -> object:
    with origin(owner_id=7):
        return once.apply_async((number,), idempotency_key="ours")


CALLS: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "enqueue_many": (lambda: once.enqueue_many([(FIRST,), (LAST,)]), lambda: once.delay(FIRST)),
    "a batch": (
        lambda: enqueue_batch([Call(once, (number,), {}, current(), {}) for number in (FIRST, LAST)]),
        lambda: once.delay(FIRST),
    ),
    "one with a caller's key": (lambda: _with_a_key(LAST), lambda: _with_a_key(FIRST)),
}


def _meet(
    theirs: Session, ours: Session, call: Callable[[], object], crossing: Callable[[], object]
) -> object:
    """Let another transaction hold the last key, and ask for the first when the call waits for the last."""
    ours.do(lambda: execute("SET deadlock_timeout = '50ms'"))
    theirs.do(lambda: execute("SET deadlock_timeout = '1h'"))  # so that it is never the one that is ended
    theirs.do(lambda: transaction.set_autocommit(False))
    theirs.do(lambda: once.delay(LAST))
    called = ours.start(call)
    wait_until(ours.waits_for_a_lock)
    theirs.do(crossing)
    theirs.do(transaction.commit)
    theirs.do(lambda: transaction.set_autocommit(True))
    return called.result(timeout=60)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_a_transaction_of_its_own_is_made_again(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with another_session() as theirs, another_session() as ours, caplog.at_level("INFO", "backline.jobs"):
        _meet(theirs, ours, *CALLS[name])
    assert "met a deadlock and is tried again" in caplog.text
    assert sorted(row.args["number"] for row in Job.objects.all()) == [1, 2]


@pytest.mark.parametrize("name", CALLS)
def test_inside_a_transaction_of_the_caller_it_is_the_caller_s_to_try_again(name: str) -> None:
    call, crossing = CALLS[name]

    def inside() -> object:
        with transaction.atomic():
            return call()

    with another_session() as theirs, another_session() as ours:
        with pytest.raises(OperationalError, match="deadlock detected"):
            _meet(theirs, ours, inside, crossing)
        assert ours.do(lambda: connection.in_atomic_block) is False


def test_jobs_that_can_be_read_only_once_are_not_enqueued_in_part() -> None:
    def generated() -> object:
        return once.enqueue_many((number,) for number in (FIRST, LAST))

    refused = pytest.raises(OperationalError, match="deadlock detected")
    with refused, another_session() as theirs, another_session() as ours:
        _meet(theirs, ours, generated, lambda: once.delay(FIRST))


def test_in_one_order_nothing_waits_in_a_circle() -> None:
    """The way round that the docs name."""
    with another_session() as theirs, another_session() as ours:
        theirs.do(lambda: transaction.set_autocommit(False))
        theirs.do(lambda: once.delay(1))

        def both() -> None:
            with transaction.atomic():
                once.delay(1)
                once.delay(2)

        called = ours.start(both)
        wait_until(ours.waits_for_a_lock)
        theirs.do(lambda: once.delay(2))
        theirs.do(transaction.commit)
        called.result(timeout=60)
    assert Job.objects.count() == 2
