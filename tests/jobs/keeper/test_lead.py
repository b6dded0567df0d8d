"""The lead is a row with a lease: one keeper holds it, and another takes it when it is over."""

import threading
from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from apps.jobs.keeper import lead
from apps.jobs.keeper.lead import Lease
from apps.jobs.models import Lead
from apps.jobs.models.lead import LEASE_S
from tests.jobs.steps import HOUR

pytestmark = pytest.mark.django_db


def a_lease(keeper: str = "one") -> Lease:
    """Make a lease whose thread does not run."""
    return Lease(keeper, threading.Event())


def asks(lease: Lease) -> bool:
    """Ask for the lead once."""
    lease._ask()
    return lease.is_held()


def test_one_keeper_holds_the_lead_until_it_gives_it_up() -> None:
    one, two = a_lease("one"), a_lease("two")
    assert [asks(one), asks(two), asks(one)] == [True, False, True]
    one.release()
    assert [asks(two), asks(one)] == [True, False]
    assert Lead.objects.get().keeper == "two"


@pytest.mark.parametrize("offset", [-HOUR, HOUR], ids=["expired", "clock set back"])
def test_lease_that_is_over_is_taken_by_another(offset: timedelta) -> None:
    one, two = a_lease("one"), a_lease("two")
    assert asks(one)
    Lead.objects.update(renewed_at=Now() + offset)
    assert asks(two)
    assert not asks(one), "a leader that was frozen finds its lease taken"


def test_lease_ends_by_itself_in_a_keeper_that_cannot_renew_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = a_lease()
    assert asks(one)
    later = monotonic() + LEASE_S
    monkeypatch.setattr(lead, "monotonic", lambda: later)
    assert not one.is_held()


def test_release_by_a_keeper_that_does_not_lead_changes_nothing() -> None:
    one, two = a_lease("one"), a_lease("two")
    assert asks(one)
    two.release()
    assert Lead.objects.get().keeper == "one"


def test_renewal_does_not_wait_for_the_disk_and_weakens_no_transaction_around_it() -> None:
    renewed = Lead.objects.filter(renewed_at=F("renewed_at"))
    assert asks(a_lease())
    assert renewed.exists()
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        before = cursor.fetchall()
    assert asks(a_lease()) is False
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchall() == before


def test_fault_in_the_thread_ends_the_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("a surprise")

    one = a_lease()
    monkeypatch.setattr(one, "_ask", fail)
    one.start()
    one.join(30)
    with pytest.raises(RuntimeError, match="renews the lead ended"):
        one.is_held()
