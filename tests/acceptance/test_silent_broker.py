"""A worker finds out that its broker's connection is dead, though nothing closes it, and goes on."""

import os
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from apps.local.chaos.cables import DOWN, UP, Cable, Cables
from tests.acceptance.machine import Machine

OUTAGE_S = 120


@pytest.fixture
def cable(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cable]:
    """Put a cable between the broker and every process of the machine."""
    cables = Cables()
    parts = urlsplit(machine.broker.url())
    cable = cables.lay(lambda: parts.port or 0)
    address = parts.netloc.replace(f":{parts.port}", f":{cable.port}")
    plain = machine.environment
    set_here = {"CELERY_BROKER_URL": urlunsplit(parts._replace(netloc=address))}
    set_here["BACKLINE_BROKER_IDLE_S"] = os.environ.get("BACKLINE_BROKER_IDLE_S", "1")
    monkeypatch.setattr(Machine, "environment", property(lambda _self: plain | set_here))
    try:
        yield cable
    finally:
        cables.close()


def working(machine: Machine) -> None:
    machine.keeper()
    machine.worker("w", 1)
    machine.until_ended(machine.enqueue("kinds.add", a=1))


def test_a_worker_leaves_a_connection_that_fell_silent(machine: Machine, cable: Cable) -> None:
    working(machine)
    cable.blackhole(UP, DOWN, new_ones_too=False)
    opened = cable.opened
    machine.until_ended(machine.enqueue("kinds.add", 5, a=1))
    assert cable.opened > opened
    assert "Redis BRPOP got no reply" in machine.words_of("w")


@pytest.mark.chaos
def test_jobs_of_an_outage_run_soon_after_it(machine: Machine, cable: Cable) -> None:
    working(machine)
    cable.blackhole(UP, DOWN)
    jobs = []
    ends_at = time.monotonic() + OUTAGE_S
    while time.monotonic() < ends_at:
        jobs += machine.enqueue("kinds.add", 5, a=1)
        time.sleep(5)
    waiting = "SELECT count(*) FROM jobs_job WHERE kind = 'kinds.add' AND state <> 6"
    assert machine.value(waiting) == len(jobs)
    cable.reset()  # what was on the way is lost
    cable.mend()
    machine.until_ended(jobs)
    assert machine.value("SELECT count(*) FROM jobs_job WHERE kind = 'kinds.add' AND attempt > 1") == 0
