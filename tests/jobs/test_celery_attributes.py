"""Celery's attributes of a task hold for its jobs, or stop the start with the alternative."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import Task, current_app, shared_task
from celery.app.annotations import prepare
from pydantic import BaseModel

from apps.jobs.kinds import celery_attributes
from apps.jobs.models import Job
from apps.jobs.task import JobTask
from apps.jobs.testing import run_jobs
from config import celery_app

if TYPE_CHECKING:
    from collections.abc import Callable

HEEDED = {
    "abstract",
    "default_retry_delay",
    "expires",
    "max_retries",
    "name",
    "priority",
    "queue",
    "rate_limit",
    "send_events",
    "soft_time_limit",
    "throws",
    "time_limit",
    "typing",
}


def declared(**attributes: Any) -> JobTask[..., Any]:
    """Declare a job type Celery's way, and have Celery bind it."""
    name = f"odd.a{uuid4().hex}"
    declare: Callable[[Callable[[], None]], JobTask[..., Any]] = shared_task(
        name=name, base=JobTask, **attributes
    )
    try:
        task = declare(_nothing)
        assert task.parameters is not None  # Celery binds it now
    except (TypeError, ValueError):
        current_app.tasks.pop(name, None)  # half bound
        raise
    return task


@pytest.mark.django_db
def test_queue_priority_and_expiry_of_a_task_hold_for_its_jobs() -> None:
    task = declared(queue="imports", priority=3, expires=60)
    job = Job.objects.get(id=task.delay().id)
    assert (job.queue, job.priority) == ("imports", 3)
    assert job.expires_at is not None
    assert job.expires_at - job.enqueued_at == timedelta(seconds=60)
    called = Job.objects.get(id=task.apply_async(queue="maintenance", priority=0).id)
    assert (called.queue, called.priority) == ("maintenance", 0)


@pytest.mark.django_db
def test_attributes_of_a_base_class_hold_for_its_tasks() -> None:
    base = type("Slow", (JobTask,), {"abstract": True, "queue": "imports", "rate_limit": "5/m"})
    declare: Callable[[Callable[[], None]], JobTask[..., Any]] = shared_task(name="odd.of_a_base", base=base)
    task = declare(_nothing)
    assert (Job.objects.get(id=task.delay().id).queue, task.limit) == ("imports", "5/min")


@pytest.mark.parametrize(
    ("rate", "limit"),
    [("1/m", "1/min"), ("100/h", "100/hour"), (2, "2/s"), ("0.5/s", "30/min"), (0, None), ("0/m", None)],
)
def test_a_rate_limit_becomes_the_limit_of_the_kind(rate: object, limit: str | None) -> None:
    task = declared(rate_limit=rate)
    assert (task.limit, task.rate_limit) == (limit, None)


@pytest.mark.parametrize(
    ("attributes", "instead"),
    [
        ({"routing_key": "slow.#"}, "queue='imports'"),
        ({"exchange": "media"}, "queue='imports'"),
        ({"serializer": "pickle"}, "JSON"),
        ({"compression": "zlib"}, "ids only"),
        ({"delivery_mode": 2}, "sent again"),
        ({"reject_on_worker_lost": False}, "ctx.effect"),
        ({"acks_on_failure": False}, "retry_policy"),
        ({"acks_on_failure_or_timeout": False}, "retry_policy"),
        ({"Strategy": "some.module:strategy"}, "Remove it"),
        ({"store_eager_result": True}, "Remove it"),
        ({"expires": datetime(2030, 1, 1, tzinfo=UTC)}, "timedelta"),
        ({"rate_limit": "often"}, "limit='10/min'"),
        ({"rate_limit": "1/m", "limit": "2/min"}, "Leave one"),
        ({"priority": "high"}, "whole number"),
        ({"limit": "often"}, "10/min"),
        ({"limit_by": "nothing", "concurrency": 1}, "none of its arguments"),
        ({"retry": timedelta(1)}, "retry_policy"),
    ],
)
def test_what_a_job_cannot_obey_stops_the_start_with_the_alternative(
    attributes: dict[str, Any], instead: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"Job type odd\.") as refused:
        declared(**attributes)
    assert instead in str(refused.value)


@pytest.mark.parametrize(
    "attributes",
    [
        {"acks_late": True, "reject_on_worker_lost": True},
        {"track_started": True, "ignore_result": False},
        {"serializer": "json", "store_errors_even_if_ignored": True, "trail": True},
    ],
)
def test_what_a_job_does_anyhow_may_be_declared(attributes: dict[str, Any]) -> None:
    task = declared(**attributes)
    assert (task.ignore_result, task.acks_late, task.trail) == (True, False, False)


def test_every_attribute_that_celery_reads_is_heeded_always_so_or_refused() -> None:
    known = HEEDED | set(celery_attributes.RULES) | set(celery_attributes.ALWAYS)
    internal = {
        "OperationalError",
        "MaxRetriesExceededError",
        "Request",
        "from_config",
        "request_stack",
        "app",
    }
    attributes = {name for name, value in vars(Task).items() if _is_an_attribute(name, value)}
    assert attributes - internal - known == set()
    assert {name for name, _ in Task.from_config} - known == set()


def _is_an_attribute(name: str, value: object) -> bool:
    is_code = callable(value) and not isinstance(value, type)
    return not name.startswith("_") and not is_code and not isinstance(value, classmethod | property)


def set_routes(monkeypatch: pytest.MonkeyPatch, routes: object) -> None:
    monkeypatch.setitem(celery_app.conf.changes or {}, "task_routes", routes)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "routes",
    [
        {"odd.*": {"queue": "imports"}},
        {"odd.*": "imports"},
        ([("odd.*", {"queue": "imports"})],),
        lambda name, *_, **__: {"queue": "imports"} if name.startswith("odd.") else None,
    ],
)
def test_task_routes_hold_for_jobs(monkeypatch: pytest.MonkeyPatch, routes: object) -> None:
    set_routes(monkeypatch, routes)
    assert Job.objects.get(id=declared().delay().id).queue == "imports"
    assert declared(queue="maintenance").job_queue == "maintenance"


@pytest.mark.parametrize(
    ("routes", "instead"),
    [
        ({"odd.*": {"queue": "imports", "routing_key": "a.b"}}, "Name only its queue"),
        (lambda name, args, *_, **__: {"queue": args[0]}, "queue= in the call"),
    ],
)
def test_a_route_that_a_job_cannot_follow_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, routes: object, instead: str
) -> None:
    set_routes(monkeypatch, routes)
    with pytest.raises(ValueError, match="CELERY_TASK_ROUTES") as refused:
        declared()
    assert instead in str(refused.value)


def test_without_a_queue_a_job_goes_to_celerys_default_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(celery_app.conf.changes or {}, "task_default_queue", "maintenance")
    assert declared().job_queue == "maintenance"


def test_annotations_of_the_settings_hold_for_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(celery_app), "annotations", prepare({"*": {"rate_limit": "7/m"}}))
    assert declared().limit == "7/min"


@pytest.mark.django_db
def test_the_calls_of_celerys_django_task_enqueue() -> None:
    task = declared(queue="imports")
    task.delay_on_commit()
    task.apply_async_on_commit((), {}, priority=4)
    assert list(Job.objects.order_by("id").values_list("queue", "priority")) == [
        ("imports", 0),
        ("imports", 4),
    ]


class Order(BaseModel):
    """What a customer wants."""

    number: int


@pytest.mark.django_db
def test_celerys_pydantic_tasks_are_given_their_models() -> None:
    def total(order: Order, times: int) -> Order:
        return Order(number=order.number * times)

    declare: Any = shared_task(name="odd.pydantic", base=JobTask, pydantic=True)
    task = declare(total)
    job_id = task.delay(Order(number=3), 2).id
    assert run_jobs() == 1
    assert Job.objects.get(id=job_id).result == {"number": 6}


def _nothing() -> None:
    """Do nothing."""
