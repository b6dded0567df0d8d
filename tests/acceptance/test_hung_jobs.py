"""A job that does not end by itself is ended: at its limit, or when a person cancels it."""

import time
from pathlib import Path

import pytest

from tests.acceptance.machine import Machine

RUNNING, SUCCEEDED, DEAD, CANCELLED = 3, 6, 7, 8
DEAF = ("spin", "swallow", "block in C", "query", "query deaf")


def test_jobs_past_their_limit_are_ended_whatever_they_do_and_a_neighbour_does_not_notice(
    machine: Machine,
) -> None:
    machine.keeper()
    machine.worker("w", 6)
    [neighbour] = machine.enqueue("kinds.walk", steps=100, pause_ms=200)
    jobs = {how: machine.enqueue("kinds.hang", how=how)[0] for how in DEAF}
    machine.until_ended(list(jobs.values()), DEAD, patience=120)
    for how, job in jobs.items():
        row = machine.ask("SELECT failures, deaths, attempt FROM jobs_job WHERE id = %s", job)
        assert row == [(1, 0, 2)], f"{how}: a limit is a failure and no death of a worker"
        stories = machine.ask("SELECT outcome, error_type FROM jobs_attempt WHERE job_id = %s", job)
        assert stories[0] == ("failed", "TimedOut")
        query = "SELECT message, evidence FROM jobs_dead_letter WHERE job_id = %s"
        message, evidence = machine.ask(query, job)[0]
        assert message.startswith("It ran longer than its limit of 0:00:01"), how
        assert evidence["args"] == {"how": how}
    assert machine.value("SELECT attempt FROM jobs_job WHERE id = %s", neighbour) == 1
    nobody_queries_any_more(machine)
    machine.until_ended([neighbour], patience=120)


def test_an_errback_that_blocks_delays_neither_the_heartbeat_nor_the_keeper(machine: Machine) -> None:
    until = machine.directory / "until"
    machine.keeper()
    machine.worker("w", 2)
    [neighbour] = machine.enqueue("kinds.held", until=str(until), password="x")
    dead = machine.program(
        "from tests.kinds.errbacks import blocking_errback\n"
        "from tests.kinds.hang import hang\n"
        f"errback = blocking_errback.s(until={str(until)!r})\n"
        "print(hang.apply_async(kwargs={'how': 'swallow'}, link_error=errback).id)\n"
    ).strip()
    machine.until_ended([dead], DEAD, patience=120)
    begun = Path(f"{until}.begun")
    machine.until(begun.exists, "a process of the pool calls the errback", patience=120)
    task, error, pid = begun.read_text().split()
    assert (task, error) == (dead, "TimedOut")
    call = "SELECT worker_pid FROM jobs_job WHERE kind = 'canvas.call_errback' AND state = 3"
    assert machine.value(call) == int(pid)
    beat = machine.value("SELECT heartbeat_at FROM jobs_worker")
    later = "SELECT count(*) FROM jobs_worker WHERE heartbeat_at > %s + interval '9 seconds'"
    machine.until(lambda: machine.value(later, beat) == 1, "the worker goes on beating")
    duties = "SELECT count(*) FROM jobs_duty WHERE name IN ('relay', 'settle') AND ran_at > %s"
    machine.until(lambda: machine.value(duties, beat) == 2, "the keeper goes on")
    until.touch()
    machine.until_ended([neighbour])
    assert machine.ask("SELECT attempt, deaths FROM jobs_job WHERE id = %s", neighbour) == [(1, 0)]


def test_running_jobs_that_are_cancelled_end_whatever_they_do(machine: Machine) -> None:
    machine.keeper()
    machine.worker("w", len(DEAF))
    jobs = {how: machine.enqueue("kinds.hang_for_ever", how=how)[0] for how in DEAF}
    machine.until(lambda: states(machine, jobs) == {RUNNING}, "all run")
    machine.ask("UPDATE jobs_job SET cancel_requested_at = clock_timestamp()")
    machine.until(lambda: states(machine, jobs) == {CANCELLED}, "all are cancelled", patience=60)
    query = "SELECT id::text, finished_at - cancel_requested_at, failures, deaths FROM jobs_job"
    took = {
        job: (after.total_seconds(), failures, deaths) for job, after, failures, deaths in machine.ask(query)
    }
    for how, job in jobs.items():
        print(f"cancelled, {how}: after {took[job][0]:.2f} s")
        assert took[job][1:] == (0, 0)
        assert machine.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", job) == [("cancelled",)]
    assert max(took[jobs["spin"]][0], took[jobs["query"]][0]) < 5, "these hear it"
    nobody_queries_any_more(machine)


def test_in_a_bundle_only_the_job_that_hangs_or_kills_is_charged(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message carries many of them; each neighbour ends as if it had been alone."""
    monkeypatch.setenv("BACKLINE_WINDOW", "1")
    machine.ask(
        "INSERT INTO jobs_pace (kind, mean_s, jobs, updated_at) VALUES ('kinds.hang', 0.001, 9999, now())"
    )
    hows = ["not"] * 10 + ["swallow"] + ["not"] * 10 + ["kill"] + ["not"] * 10
    ids = machine.enqueue_each("kinds.hang", [{"how": how} for how in hows])
    machine.keeper()
    machine.worker("w", 1)
    largest = "SELECT max(cardinality(ids)) FROM jobs_bundle"
    machine.until(lambda: (machine.value(largest) or 0) > 20, "the relay packs them")
    hung, killer = ids[hows.index("swallow")], ids[hows.index("kill")]
    innocent = [job for job in ids if job not in (hung, killer)]
    machine.until_ended(innocent, patience=120)
    machine.until_ended([hung, killer], DEAD, patience=120)
    charged = machine.ask("SELECT id::text, failures, deaths FROM jobs_job WHERE failures + deaths > 0")
    assert set(charged) == {(hung, 1, 0), (killer, 0, 3)}


def states(machine: Machine, jobs: dict[str, str]) -> set[int]:
    query = "SELECT DISTINCT state FROM jobs_job WHERE id = ANY(%s::uuid[])"
    return {state for (state,) in machine.ask(query, list(jobs.values()))}


def nobody_queries_any_more(machine: Machine) -> None:
    """The server ends a query whose process was killed."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    began = time.monotonic()
    machine.until(lambda: machine.value(query) == 0, "the query ends with its process", patience=20)
    print(f"no query any more after {time.monotonic() - began:.2f} s")
