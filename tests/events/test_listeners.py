"""A job type that does not fit what it listens to stops the start, and nobody who emits."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import pytest
from celery import current_app
from django.apps import apps as django_apps
from django.core.exceptions import ImproperlyConfigured
from pydantic import Field

from apps.events import Event
from apps.events.listeners import check, faults
from apps.jobs import Context, job
from tests.events.orders import OrderPlaced, OrderShipped

FIT = "orders.fit"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Forget the job type that a test declares."""
    yield
    current_app.tasks.pop(FIT, None)


def test_a_listener_may_take_some_fields_and_have_defaults_of_its_own() -> None:
    @job(FIT, on=(OrderPlaced, OrderShipped))
    def fits(ctx: Context, order_id: int, more: str = "") -> None:
        """Fit."""

    assert faults(fits) == []


def test_an_argument_that_is_no_field_is_named() -> None:
    @job(FIT, on=OrderPlaced)
    def lacks(order_id: int, customer: str) -> None:
        """Want more than there is."""

    assert faults(lacks) == ["its argument customer is no field of orders.placed, and has no default."]


def test_an_argument_of_another_type_is_named() -> None:
    @job(FIT, on=OrderPlaced)
    def differs(order_id: str, total: Decimal) -> None:
        """Want another type."""

    assert faults(differs) == ["its argument order_id is str, the field of orders.placed is int."]


@pytest.mark.parametrize("strange", ["orders.placed", int, 7])
def test_what_is_no_event_is_named(strange: type) -> None:
    @job(FIT, on=strange)
    def listens() -> None:
        """Listen to what never happens."""

    assert faults(listens) == [f"on= names {strange!r}, which is no subclass of Event."]


def test_what_is_annotated_to_a_field_is_the_events_business() -> None:
    class OrderSplit(Event, name="orders.split"):
        """It comes in parts."""

        parts: Annotated[int, Field(gt=1)]

    @job(FIT, on=OrderSplit)
    def fits(parts: Annotated[int, Field(gt=1)]) -> None:
        """Fit."""

    assert faults(fits) == []


def test_one_that_does_not_fit_stops_every_process_at_its_start() -> None:
    @job(FIT, on=OrderPlaced)
    def lacks(customer: str) -> None:
        """Want more than there is."""

    with pytest.raises(ImproperlyConfigured) as caught:
        django_apps.get_app_config("events").ready()
    assert str(caught.value).splitlines() == [
        "Job type orders.fit: its argument customer is no field of orders.placed, and has no default.",
        "Name the arguments as the event's fields, with their types, and give others a default.",
    ]


def test_all_listeners_that_ship_fit() -> None:
    check()
