"""An outcome that the database lost in a crash: its worker lives, and the job runs again."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.acceptance.machine import Machine

LOSE_THE_OUTCOMES = """
    WITH lost AS (
        UPDATE jobs_job AS j
           SET state = 3, finished_at = NULL, lease = gen_random_uuid(), worker_id = w.id, result = NULL
          FROM jobs_worker AS w WHERE j.id = ANY (%s::uuid[]) AND j.state = 6
        RETURNING j.id, j.kind, j.queue
    )
    INSERT INTO jobs_bundle (id, queue, kind, published_at, tries, ids)
    SELECT gen_random_uuid(), queue, kind, clock_timestamp(), 1, array_agg(id) FROM lost GROUP BY queue, kind
"""


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_lost_outcomes_are_found_by_the_live_worker_and_nothing_else_is_touched(
    machine: Machine, pool: str
) -> None:
    machine.keeper()
    worker = machine.worker("w", 2, "-P", pool)
    jobs = machine.enqueue("kinds.add", 10, a=1)
    machine.until_ended(jobs)
    walks = machine.enqueue("kinds.walk", 1 if pool == "solo" else 2, steps=500, pause_ms=50)
    if pool != "solo":  # there a body is at work in the only process, and nothing else may run beside it
        machine.until(lambda: all(len(machine.steps(walk)) > 5 for walk in walks[:1]), "it walks")
    machine.ask(LOSE_THE_OUTCOMES, jobs)
    found = "SELECT count(*) FROM jobs_attempt WHERE job_id = ANY(%s::uuid[]) AND outcome = 'handed back'"
    machine.until(lambda: machine.value(found, jobs) == len(jobs), "they are queued again")
    machine.until_ended([*jobs, *walks], patience=120)
    attempts = "SELECT max(attempt), max(deaths) FROM jobs_job WHERE id = ANY(%s::uuid[])"
    assert machine.ask(attempts, jobs) == [(2, 0)]
    assert machine.ask(attempts, walks) == [(1, 0)], "a job in hand was taken back"
    assert worker.poll() is None


@pytest.fixture
def hasty(machine: Machine) -> Iterator[Machine]:
    """A machine whose database acknowledges commits up to ten seconds before they are on its disk."""
    settings = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "64MB"}
    for name, value in settings.items():
        machine.ask(f"ALTER SYSTEM SET {name} = '{value}'")
    machine.ask("SELECT pg_reload_conf()")
    try:
        yield machine
    finally:
        machine.postgres.start()
        for name in settings:
            machine.ask(f"ALTER SYSTEM RESET {name}")
        machine.ask("SELECT pg_reload_conf()")


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_outcome_and_effects_lost_in_a_crash_happen_once(hasty: Machine, pool: str) -> None:
    hasty.keeper()
    worker = hasty.worker("w", 2, "-P", pool)
    lost = next(job for job in (lose_outcome(hasty, number) for number in range(20)) if job)
    hasty.until_ended([lost], patience=120)
    assert hasty.steps(lost) == [1]
    assert hasty.ask("SELECT attempt, failures, deaths FROM jobs_job WHERE id = %s", lost) == [(2, 0, 0)]
    outcomes = "SELECT outcome FROM jobs_attempt WHERE job_id = %s"
    assert hasty.ask(outcomes, lost) == [("handed back",)]
    assert worker.poll() is None


def lose_outcome(machine: Machine, number: int) -> str | None:
    """Kill PostgreSQL after a job has succeeded; return the job if its outcome was not on the disk yet."""
    gate = machine.directory / f"gate-{number}"
    [job] = machine.enqueue("kinds.gated", gate=str(gate))
    state = "SELECT state FROM jobs_job WHERE id = %s"
    machine.until(lambda: machine.value(state, job) == 3, "the body waits")
    with psycopg.connect(machine.postgres.url()) as flush:  # what was committed until now is kept
        flush.execute("SET LOCAL synchronous_commit = on")
        flush.execute("SELECT pg_logical_emit_message(true, 'test', 'flush')")
    gate.touch()
    machine.until(lambda: machine.value(state, job) == 6, "it succeeds")
    assert machine.steps(job) == [1]
    machine.postgres.kill()
    machine.postgres.start()
    return job if machine.value(state, job) == 3 and machine.steps(job) == [] else None
