"""A job that does not end by itself is ended: at its limit, or when a person cancels it."""

import time
from collections.abc import Iterator

import pytest

from tests.acceptance.machine import Machine

RUNNING, SUCCEEDED, DEAD, CANCELLED = 3, 6, 7, 8
DEAF = ("spin", "swallow", "block in C", "query", "query deaf")


@pytest.fixture
def busy(machine: Machine) -> Iterator[Machine]:
    """A machine with a keeper and a worker of two processes."""
    machine.keeper()
    machine.worker()
    return machine


def is_in(machine: Machine, job: str, state: int) -> bool:
    return bool(machine.value("SELECT state FROM jobs_job WHERE id = %s", job) == state)


@pytest.mark.parametrize("how", ["swallow", "block in C", "query deaf"])
def test_a_deaf_job_past_its_limit_is_killed_and_has_failed_and_its_neighbour_does_not_notice(
    busy: Machine, how: str
) -> None:
    [neighbour] = busy.enqueue("kinds.walk", steps=60, pause_ms=250)
    [job] = busy.enqueue("kinds.hang", how=how)
    busy.until_ended([job], DEAD)
    failures, deaths = busy.ask("SELECT failures, deaths FROM jobs_job WHERE id = %s", job)[0]
    assert deaths == 0, "a limit is no death of a worker"
    stories = busy.ask("SELECT outcome, error_type FROM jobs_attempt WHERE job_id = %s ORDER BY id", job)
    assert stories == [("failed", "TimedOut")] * 2
    assert failures == 1
    message, evidence = busy.ask("SELECT message, evidence FROM jobs_dead_letter WHERE job_id = %s", job)[0]
    assert message.startswith("It ran longer than its limit of 0:00:01")
    assert evidence["args"] == {"how": how}
    busy.until_ended([neighbour])
    assert busy.value("SELECT attempt FROM jobs_job WHERE id = %s", neighbour) == 1
    nobody_queries_any_more(busy)


@pytest.mark.parametrize("how", DEAF)
def test_a_running_job_that_is_cancelled_ends_whatever_it_does(busy: Machine, how: str) -> None:
    [job] = busy.enqueue("kinds.hang_for_ever", how=how)
    busy.until(lambda: is_in(busy, job, RUNNING), "it runs")
    busy.manage("shell", "-v0", "-c", f"from apps.jobs import transitions; transitions.cancel({job!r})")
    began = time.monotonic()
    busy.until(lambda: is_in(busy, job, CANCELLED), "it is cancelled", patience=25)
    print(f"{how}: cancelled after {time.monotonic() - began:.2f} s")
    assert busy.ask("SELECT failures, deaths FROM jobs_job WHERE id = %s", job) == [(0, 0)]
    assert busy.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", job) == [("cancelled",)]
    nobody_queries_any_more(busy)


def nobody_queries_any_more(machine: Machine) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    machine.until(lambda: machine.value(query) == 0, "the query ends with its process", patience=10)
