"""Whatever a body does to its process, its job ends with a story and no neighbour is held responsible."""

from tests.acceptance.machine import Machine

SUCCEEDED, DEAD = 6, 7

# how: state, failures, deaths, what its dead letter says
ENDS = {
    "fork": (SUCCEEDED, 0, 0, ""),
    "exit": (DEAD, 0, 3, "Its worker died 3 times"),
    "segfault": (DEAD, 0, 3, "Its worker died 3 times"),
    "exhaust memory": (DEAD, 1, 0, "MemoryError"),
    "close the connection": (SUCCEEDED, 0, 0, ""),
    "leave a transaction open": (SUCCEEDED, 0, 0, ""),
    "system exit": (DEAD, 1, 0, "1"),
    "interrupt": (DEAD, 1, 0, "KeyboardInterrupt"),
    "cancelled await": (DEAD, 1, 0, "CancelledError"),
    "generator exit": (DEAD, 1, 0, "GeneratorExit"),
    "group": (DEAD, 1, 0, "all"),
    "exit of a child": (DEAD, 1, 0, "-241"),
    "not json": (DEAD, 0, 0, "must be JSON"),
    "log a million lines": (SUCCEEDED, 0, 0, ""),
    "log binary": (SUCCEEDED, 0, 0, ""),
}


def test_every_odd_body_ends_as_it_deserves_and_nobody_else_does(machine: Machine) -> None:
    machine.keeper()
    machine.worker("w", 3)
    odd = machine.enqueue_each("kinds.odd", [{"how": how} for how in ENDS])
    plain = machine.enqueue("kinds.add", 30, a=1)
    machine.until_ended(plain, patience=120)
    machine.until(lambda: still_alive(machine, odd) == 0, "every odd job ends", patience=180)
    for job, (how, expected) in zip(odd, ENDS.items(), strict=True):
        assert (how, *end_of(machine, job, expected[3])) == (how, *expected)
    blamed = machine.value(
        "SELECT count(*) FROM jobs_job WHERE id = ANY(%s::uuid[]) AND failures + deaths > 0", plain
    )
    assert blamed == 0
    assert machine.value("SELECT count(*) FROM steps_walked WHERE step = 666") == 0, (
        "an open transaction was kept"
    )


def still_alive(machine: Machine, jobs: list[str]) -> int:
    query = "SELECT count(*) FROM jobs_job WHERE id = ANY(%s::uuid[]) AND finished_at IS NULL"
    return int(machine.value(query, jobs))


def end_of(machine: Machine, job: str, said: str) -> tuple[int, int, int, str]:
    """Return state, failures and deaths of a job, and what is said of it if its dead letter says so."""
    query = (
        "SELECT j.state, j.failures, j.deaths, COALESCE(d.message || d.fingerprint, '')"
        "  FROM jobs_job AS j LEFT JOIN jobs_dead_letter AS d ON d.job_id = j.id WHERE j.id = %s"
    )
    [(state, failures, deaths, message)] = machine.ask(query, job)
    return state, failures, deaths, said if said in message and bool(said) == bool(message) else message
