"""A job type that does not fit what it listens to stops the start, and nobody who emits."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from celery import current_app
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from apps.events.checks import check_listeners
from apps.events.listeners import faults
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


def test_the_check_names_the_job_type_and_the_way_out() -> None:
    @job(FIT, on=OrderPlaced)
    def lacks(customer: str) -> None:
        """Want more than there is."""

    [error] = check_listeners(None)
    assert error.msg == (
        "Job type orders.fit: its argument customer is no field of orders.placed, and has no default."
    )
    assert "Name the arguments as the event's fields" in str(error.hint)
    with pytest.raises(SystemCheckError, match=r"orders\.fit"):
        call_command("check")


def test_all_listeners_that_ship_fit() -> None:
    assert check_listeners(None) == []
