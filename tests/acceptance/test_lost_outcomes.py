"""An outcome that the database lost in a crash: its worker lives, and the job runs again."""

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
