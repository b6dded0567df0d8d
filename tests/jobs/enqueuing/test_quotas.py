"""A tenant gets what its quota allows, exactly, and is told when it may again; nobody else is touched."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from apps.jobs import QuotaExceeded, batch, enqueue, enqueue_many, job, origin
from apps.jobs.checks import check_quotas
from apps.jobs.enqueuing import enqueue_many as enqueue_many_module
from apps.jobs.enqueuing.enqueue_batch import Call, enqueue_batch
from apps.jobs.kinds.unique import Unique
from apps.jobs.models import Bucket, Job
from apps.jobs.origin import Origin, running
from apps.lib.ids import new_id
from tests.jobs import steps
from tests.kinds.add import add
from tests.local.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quota(settings: LazySettings) -> None:
    """Three jobs an hour for each tenant, five for one, as many as it likes for another."""
    settings.BACKLINE_TENANT_QUOTA = "3/hour"
    settings.BACKLINE_TENANT_QUOTAS = ["acme=5/hour", "beta=none"]


def started(tenant: str, count: int) -> int:
    """Enqueue so many jobs one by one; return how many were let in."""
    for number in range(count):
        try:
            with origin(tenant=tenant), transaction.atomic():
                add.delay(number)
        except QuotaExceeded:
            return number
    return count


@pytest.mark.parametrize(("tenant", "let_in"), [("any", 3), ("acme", 5), ("beta", 9), ("", 9), ("a'; --", 3)])
def test_each_tenant_gets_what_it_may_and_not_one_more(tenant: str, let_in: int) -> None:
    assert started(tenant, 9) == let_in
    assert Job.objects.filter(tenant=tenant).count() == let_in


def test_a_full_tenant_holds_up_no_other() -> None:
    started("one", 4)
    assert started("two", 3) == 3


def test_it_is_told_what_it_may_and_when_again() -> None:
    started("any", 3)
    with (
        pytest.raises(QuotaExceeded, match=r"any may start 3 jobs in 3,600 s; the next 1 may at ") as refused,
        origin(tenant="any"),
    ):
        enqueue("kinds.add", a=1)
    [bucket] = Bucket.objects.all()
    assert refused.value.again_at is not None
    left = refused.value.again_at - bucket.refilled_at
    assert timedelta(minutes=19) < left <= timedelta(minutes=20)


def test_with_time_it_may_again() -> None:
    started("any", 3)
    Bucket.objects.update(refilled_at=F("refilled_at") - timedelta(minutes=41))
    assert started("any", 9) == 2


def test_many_at_once_are_let_in_together_or_not_at_all() -> None:
    with origin(tenant="any"):
        with pytest.raises(QuotaExceeded, match=r"4 at once are more than that"):
            enqueue_many("kinds.add", ({"a": number} for number in range(4)))
        assert not Job.objects.exists()
        assert enqueue_many("kinds.add", ({"a": number} for number in range(3))) == 3
        with pytest.raises(QuotaExceeded):
            add.enqueue_many([(1,)])


def test_a_batch_of_several_tenants_is_let_in_together_or_not_at_all() -> None:
    tenants = ["any"] * 3 + ["other"] * 3
    calls = [Call(add, (1,), {}, Origin(tenant=tenant), {}) for tenant in tenants]
    assert len(enqueue_batch(calls)) == 6
    with pytest.raises(QuotaExceeded), transaction.atomic():
        enqueue_batch([Call(add, (1,), {}, Origin(tenant=tenant), {}) for tenant in ("acme", "any")])
    assert Job.objects.count() == 6
    assert started("acme", 9) == 5


def with_a_key(tenant: str, key: str | None) -> Call:
    return Call(add, (1,), {}, Origin(tenant=tenant), {"idempotency_key": key} if key else {})


def test_a_batch_with_callers_keys_is_let_in_together_or_not_at_all(committed: None) -> None:
    with pytest.raises(QuotaExceeded, match="Nothing was enqueued"):
        enqueue_batch([with_a_key("any", key) for key in (None, None, None, "k")])
    assert not Job.objects.exists()
    assert len(enqueue_batch([with_a_key("any", key) for key in (None, None, "k")])) == 3


def test_a_batch_with_callers_keys_takes_all_tenants_in_one_order_before_any_key() -> None:
    calls = [with_a_key("zeta", None), with_a_key("zeta", None), with_a_key("any", "k")]
    with CaptureQueriesContext(connection) as asked:
        enqueue_batch(calls)
    taken = [query["sql"] for query in asked if "jobs_bucket" in query["sql"]]
    assert ["quota/any" in statement for statement in taken][:2] == [True, False]
    first_key = next(number for number, query in enumerate(asked) if "jobs_unique_key" in query["sql"])
    assert first_key > 2


def test_what_rolls_back_was_not_spent() -> None:
    with transaction.atomic():
        started("any", 3)
        transaction.set_rollback(True)
    assert started("any", 9) == 3


def test_a_call_that_finds_its_job_there_costs_nothing() -> None:
    once = job("odd.once_a_tenant", unique=Unique())(_nothing)
    with origin(tenant="any"):
        assert len({once.delay().id for _ in range(9)}) == 1
    assert started("any", 9) == 2


@pytest.mark.parametrize("who", [{"is_asked": False}, {"trigger": "schedule"}, {"trigger": "event"}])
def test_what_was_let_in_with_something_else_is_not_counted(who: dict[str, object]) -> None:
    started("any", 3)
    with origin(tenant="any", **who):  # type: ignore[arg-type]  # each is a word of its own
        assert [enqueue("kinds.add", a=number) for number in range(3)]


def test_what_a_body_enqueues_is_not_counted() -> None:
    token = running.set(new_id())
    assert started("any", 9) == 9
    running.reset(token)
    assert started("any", 9) == 3


def test_the_jobs_of_a_batch_are_counted_and_the_one_that_waits_for_them() -> None:
    with origin(tenant="any"), batch("kinds.add", a=1):
        assert started("any", 9) == 2
    assert started("any", 9) == 0


def test_no_tenant_costs_a_statement_where_there_are_no_quotas(settings: LazySettings) -> None:
    settings.BACKLINE_TENANT_QUOTA, settings.BACKLINE_TENANT_QUOTAS = "", []
    with origin(tenant="any"), CaptureQueriesContext(connection) as asked:
        enqueue_many("kinds.add", [(1,), (2,)])
        add.delay(1)
    assert not [query for query in asked.captured_queries if "jobs_bucket" in query["sql"]]


def test_two_at_once_cannot_both_have_the_last_one(committed: None) -> None:
    started("any", 2)
    with steps.another_session() as other:
        with transaction.atomic():
            assert started("any", 1) == 1
            answer = other.start(_refusal)
            wait_until(other.waits_for_a_lock)
        assert re.fullmatch(
            r"Tenant any may start 3 jobs in 3,600 s; the next 1 may at .* Nothing was enqueued.",
            answer.result(timeout=60),
        )


def test_the_first_two_at_once_are_told_the_truth_as_well(settings: LazySettings, committed: None) -> None:
    settings.BACKLINE_TENANT_QUOTA = "1/hour"
    with steps.another_session() as other:
        with transaction.atomic():
            assert started("any", 1) == 1
            answer = other.start(_refusal)
            wait_until(other.waits_for_a_lock)
        assert "the next 1 may at" in answer.result(timeout=60)


def test_who_asks_for_more_than_all_in_several_blocks_is_told_that_it_never_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enqueue_many_module, "_A_BLOCK", 2)
    with origin(tenant="any"), pytest.raises(QuotaExceeded, match="4 at once are more than that") as refused:
        enqueue_many("kinds.add", [(number,) for number in range(4)])
    assert refused.value.again_at is None


def test_a_unique_job_and_another_in_either_order_cannot_wait_for_one_another(committed: None) -> None:
    once = job("odd.once_beside_another", unique=Unique())(_nothing)
    with steps.another_session() as other:
        with origin(tenant="acme"), transaction.atomic():
            add.delay(1)
            answer = other.start(lambda: _in_one("acme", [once.delay, lambda: add.delay(2)]))
            wait_until(other.waits_for_a_lock)
            once.delay()
        answer.result(timeout=60)
    assert Job.objects.count() == 3


@pytest.mark.parametrize(
    ("default", "single"), [("3/fortnight", []), ("", ["acme"]), ("", ["=3/hour"]), ("", ["acme=lots"])]
)
def test_a_quota_that_cannot_be_read_is_refused_at_the_start(
    settings: LazySettings, default: str, single: list[str]
) -> None:
    settings.BACKLINE_TENANT_QUOTA, settings.BACKLINE_TENANT_QUOTAS = default, single
    [error] = check_quotas()
    assert error.id == "jobs.E004"
    assert "10000/hour" in str(error.hint)


def test_quotas_that_can_be_read_pass() -> None:
    assert check_quotas() == []


def _refusal() -> str:
    with pytest.raises(QuotaExceeded) as refused, origin(tenant="any"):
        add.delay(1)
    return str(refused.value)


def _in_one(tenant: str, calls: list[Callable[[], object]]) -> None:
    with origin(tenant=tenant), transaction.atomic():
        for call in calls:
            call()


def _nothing() -> None:
    """Do nothing."""
