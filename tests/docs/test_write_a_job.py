"""The example of docs/write-a-job.md is a job that works as the page says."""

import uuid
from datetime import date, timedelta
from types import ModuleType

import pytest

from apps.jobs import Discard, Unique, batch, enqueue, enqueue_many, job, origin, registry
from apps.jobs.models import Job
from apps.jobs.running.context import Context
from apps.jobs.running.upcast import for_run
from apps.jobs.transitions import Claim
from tests.docs.blocks import ROOT, blocks


def shown(number: int, **known: object) -> ModuleType:
    """Run one of the page's blocks, as it is printed, with what its reader knows by then."""
    module = ModuleType("tasks.shop.from_the_page")
    vars(module).update(known)
    code = blocks(ROOT / "docs" / "write-a-job.md", "python")[number]
    exec(compile(code, "docs/write-a-job.md", "exec"), module.__dict__)  # the page's own words
    return module


@pytest.fixture(scope="session")  # once a process: a kind can be declared once
def page() -> ModuleType:
    """Load the page's first block as the module that it shows."""
    return shown(0)


@pytest.fixture(scope="session")  # once a process: a kind can be declared once
def reminder() -> ModuleType:
    """Load the block in which a job type says more about itself."""
    return shown(4, job=job, Unique=Unique, timedelta=timedelta, date=date)


@pytest.mark.django_db
def test_the_example_is_enqueued_by_kind_and_by_delay(page: ModuleType) -> None:
    first = enqueue("shop.greet", customer_id=7)
    second = page.greet.delay(customer_id=8, times=2).id
    later = page.greet.apply_async((7,), countdown=60).id
    assert Job.objects.get(pk=first).args == {"customer_id": 7}
    assert Job.objects.get(pk=second).args == {"customer_id": 8, "times": 2}
    assert Job.objects.get(pk=later).run_after is not None


@pytest.mark.django_db
def test_every_way_to_start_it_starts_it(page: ModuleType) -> None:
    shown(1, greet=page.greet, enqueue=enqueue)
    assert Job.objects.count() == 5
    shown(1, greet=page.greet, enqueue=enqueue)
    assert Job.objects.count() == 9  # one call of the five has an idempotency key


@pytest.mark.django_db
def test_many_are_started_with_their_tenant_and_tags(page: ModuleType) -> None:
    shown(2, greet=page.greet, enqueue_many=enqueue_many, origin=origin, customer_ids=range(3))
    rows = Job.objects.order_by("id").values_list("tenant", "tags", "args")
    assert all((tenant, tags) == ("acme", ["spring-sale"]) for tenant, tags, _ in rows)
    assert [args.get("times") for _, _, args in rows] == [None] * 3 + [2] * 3


@pytest.mark.django_db
def test_a_batch_is_its_jobs_and_one_that_waits_for_them(page: ModuleType) -> None:
    waiting = shown(3, batch=batch, enqueue_many=enqueue_many, customer_ids=range(3)).waiting
    assert Job.objects.filter(parent_id=waiting).count() == 3
    assert Job.objects.get(pk=waiting).waits_for_its_batch


@pytest.mark.django_db
def test_the_reminder_is_unique_expires_and_is_limited_as_the_page_says(reminder: ModuleType) -> None:
    first = reminder.remind.delay(7, due="2026-01-31").id
    assert reminder.remind.delay(7).id == first
    row = Job.objects.get()
    assert row.args == {"customer_id": 7, "due": "2026-01-31"}
    assert (row.limit_key, row.schema_version) == ("shop.nudge:main", 2)
    assert row.expires_at is not None
    assert row.expires_at - row.enqueued_at == timedelta(hours=6)


def test_a_reminder_of_the_former_name_and_version_can_be_read(reminder: ModuleType) -> None:
    ids = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    claim = Claim(*ids, "shop.nudge", 1, 5, 0, {"customer": 7}, 1)
    assert for_run(registry.get("shop.nudge"), claim) == {"customer_id": 7}


@pytest.mark.django_db
def test_the_example_refuses_what_its_signature_does_not_take(page: ModuleType) -> None:
    with pytest.raises(TypeError, match="takes"):
        page.greet.delay(client=7)


@pytest.mark.django_db
def test_the_example_greets_and_discards_as_the_page_says(
    page: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    context = Context(Claim(*ids, "shop.greet", 1, 5, 0, {}))
    monkeypatch.setattr(context, "progress", lambda *_: None)  # no job stands behind this context
    assert page.greet(context, 7, times=3) == {"greetings": 3}
    with pytest.raises(Discard, match="at least one"):
        page.greet(context, 7, times=0)
