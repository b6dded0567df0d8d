"""A fact and the jobs of its listeners are there together or not at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from types import new_class
from typing import Annotated
from uuid import UUID

import pytest
from django.db import connection, transaction
from pydantic import Field, SecretStr, ValidationError

from apps.events import Event, emit, emit_many
from apps.events.event import known
from apps.events.models import Delivery, Fact
from apps.jobs import origin
from apps.jobs.models import Job
from apps.jobs.running.run import run
from apps.jobs.task import JobTask
from tests.events.orders import OrderPlaced, OrderShipped, thank
from tests.jobs.steps import a_worker, claimed


def jobs_of(fact_id: UUID) -> dict[str, Job]:
    """Return the jobs that a fact started, by kind."""
    started = Delivery.objects.filter(fact_id=fact_id)
    return {one.kind: Job.objects.get(pk=one.job_id) for one in started}


def emit_and_think_again() -> None:
    """Emit in a transaction, and roll it back."""
    with transaction.atomic():
        emit(OrderPlaced(order_id=7))
        raise LookupError("on second thought")


@pytest.mark.django_db
def test_each_listener_gets_one_job_with_the_fields_it_names() -> None:
    fact_id = emit(OrderPlaced(order_id=7, total=Decimal("9.50"), due=date(2026, 3, 1)))
    jobs = jobs_of(fact_id)
    assert jobs.keys() == {"orders.thank", "orders.count"}
    assert jobs["orders.thank"].args == {"order_id": 7, "total": "9.50"}
    assert jobs["orders.count"].args == {}
    fact = Fact.objects.get(pk=fact_id)
    assert (fact.name, fact.data["due"]) == ("orders.placed", "2026-03-01")


@pytest.mark.django_db
def test_a_listeners_job_runs_with_the_types_it_asks_for() -> None:
    job = jobs_of(emit(OrderPlaced(order_id=7, total=Decimal("9.50"))))["orders.thank"]
    assert run(thank, claimed(job.pk, a_worker())) == "succeeded"
    assert Job.objects.get(pk=job.pk).result == "1 thanks for 7, 9.50"


@pytest.mark.django_db
def test_what_is_rolled_back_was_never_said() -> None:
    with pytest.raises(LookupError):
        emit_and_think_again()
    assert (Fact.objects.count(), Delivery.objects.count(), Job.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_an_event_without_listeners_is_written_down_all_the_same() -> None:
    fact_id = emit(OrderShipped(order_id=7))
    assert Fact.objects.get().pk == fact_id
    assert jobs_of(fact_id) == {}


@pytest.mark.django_db
def test_jobs_come_from_who_was_asking_when_it_happened() -> None:
    parent = emit(OrderShipped(order_id=1))
    with origin(owner_id=3, tenant="acme", tags=["spring"], request_id="r1", parent_id=parent):
        fact_id = emit(OrderPlaced(order_id=7))
    fact, job = Fact.objects.get(pk=fact_id), jobs_of(fact_id)["orders.thank"]
    assert (fact.owner_id, fact.tenant, fact.request_id, fact.parent_id) == (3, "acme", "r1", parent)
    assert (job.owner_id, job.tenant, job.tags, job.request_id) == (3, "acme", ["spring"], "r1")
    assert (job.trigger, job.subject, job.parent_id) == ("event", "orders.placed", parent)


@pytest.mark.django_db
def test_with_a_key_it_happens_once() -> None:
    first = emit(OrderPlaced(order_id=7), key="order 7")
    assert emit(OrderPlaced(order_id=7), key="order 7") == first
    assert emit(OrderShipped(order_id=7), key="order 7") != first, "another event has keys of its own"
    assert emit(OrderPlaced(order_id=7)) != first
    assert Delivery.objects.filter(kind="orders.thank").count() == 2


@pytest.mark.usefixtures("committed")
def test_of_two_at_once_with_one_key_one_happens() -> None:
    both = Barrier(2)

    def say(_: int) -> UUID:
        try:
            with transaction.atomic():
                both.wait(10)
                return emit(OrderPlaced(order_id=7), key="order 7")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(say, range(2)))
    assert ids == {Fact.objects.get().pk}
    assert Delivery.objects.filter(kind="orders.thank").count() == 1


@pytest.mark.django_db
def test_many_facts_take_as_many_statements_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.events.emitting._BLOCK", 40)
    with connection.execute_wrapper(counted := _Counted()):
        assert emit_many(OrderPlaced(order_id=number) for number in range(100)) == 100
    assert Delivery.objects.filter(kind="orders.thank").count() == 100
    assert Delivery.objects.filter(kind="orders.count").values("job_id").distinct().count() == 1
    for table in ("INTO events_fact", "INTO jobs_job", "INTO jobs_unique_key", "INTO events_delivery"):
        assert sum(table in sql for sql in counted.said) == 3, table
    assert len(counted.said) < 30


@pytest.mark.django_db
def test_of_many_all_or_none_are_said() -> None:
    def orders() -> list[Event]:
        return [OrderPlaced(order_id=1), OrderPlaced(order_id=2, api_token="\x00")]

    with pytest.raises(ValueError, match=r"orders.placed: its fields hold a NUL character"):
        emit_many(orders())
    assert not Fact.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x" * 201, "a\x00b", "\ud800"])
def test_a_key_that_cannot_be_stored_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"key .* must have at most 200 letters"):
        emit(OrderPlaced(order_id=7), key=key)
    assert not Fact.objects.exists()


@pytest.mark.django_db
def test_an_event_that_is_too_big_is_refused() -> None:
    with pytest.raises(ValueError, match=r"orders.placed: its fields take \d+ bytes, at most"):
        emit(OrderPlaced(order_id=7, api_token="x" * 70_000))


def test_fields_are_checked_when_it_is_made_and_never_change() -> None:
    with pytest.raises(ValidationError, match="order_id"):
        OrderPlaced(order_id="seven")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(ValidationError, match="colour"):
        OrderPlaced(order_id=7, colour="red")  # type: ignore[call-arg]  # what is tested
    with pytest.raises(ValidationError, match="frozen"):
        OrderPlaced(order_id=7).order_id = 8


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": str}, "a field cannot be called name"),
        ({"card": SecretStr}, "field card would not be stored"),
        ({"hidden": Annotated[int, Field(exclude=True)]}, "field hidden would not be stored"),
    ],
)
def test_fields_that_would_not_come_back_are_refused(fields: dict[str, type], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        new_class("Odd", (Event,), {"name": "orders.odd"}, lambda body: body.update(__annotations__=fields))
    assert "orders.odd" not in known()


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x00b", "two\nlines"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must have 1 to 100 letters"):
        new_class("Odd", (Event,), {"name": name})


@pytest.mark.django_db
def test_bytes_that_are_no_text_are_refused() -> None:
    class Scanned(Event, name="orders.scanned"):
        """Somebody scanned something."""

        code: bytes

    with pytest.raises(ValueError, match=r"orders.scanned: its fields"):
        emit(Scanned(code=b"\xff"))


def test_two_events_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Two events are called 'orders.placed'.*OrderPlaced.*Other"):

        class Other(Event, name="orders.placed"):
            """Another one."""


def test_job_types_that_listen_to_nothing_have_none() -> None:
    assert JobTask.on == ()


class _Counted:
    """What was said to the database."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # Django's wrapper
        self.said.append(str(sql))
        return execute(sql, params, many, context)
