"""A worker is killed: limits, unique jobs, pauses and bulk enqueues keep what they promise."""

from collections import defaultdict
from pathlib import Path

from tests.acceptance.machine import Machine, kill_group

READY, RUNNING, SUCCEEDED = 1, 3, 6
PAUSE = "from apps.jobs.operating.pause import pause; pause('queue', 'maintenance', reason='stocktaking')"
RESUME = "from apps.jobs.operating.pause import resume; resume('queue', 'maintenance')"


def test_a_dead_worker_s_places_and_keys_are_given_on_and_never_twice(machine: Machine) -> None:
    log, let_go = machine.directory / "log", machine.directory / "let go"
    common: dict[str, object] = {"until": str(let_go), "log": str(log)}
    machine.keeper()
    first = machine.worker("first", 4)
    [unique] = machine.enqueue_each("limited.unique", [common])
    jobs = machine.enqueue_each("limited.one", [common] * 5)
    jobs += machine.enqueue_each("limited.each", [{"who": who} | common for who in "xy" * 5])
    machine.until(lambda: in_state(machine, RUNNING) == 4, "one of each runs")
    machine.worker("second", 4)
    killed = {str(pid) for (pid,) in machine.ask("SELECT worker_pid FROM jobs_job WHERE state = %s", RUNNING)}
    kill_group(first)
    assert machine.enqueue_each("limited.unique", [common] * 2) == [unique] * 2, "a dead holder holds its key"
    let_go.touch()
    machine.until_ended([unique, *jobs])
    retried = "SELECT count(*) FROM jobs_job WHERE attempt = 2 AND deaths = 1"
    assert machine.value(retried) == len(killed) == 4
    assert runs_one_at_a_time(log, killed) == {"unique": 1, "one": 5, "x": 5, "y": 5}
    assert machine.enqueue_each("limited.unique", [common]) != [unique], "what has ended holds no key"
    for held in ("jobs_slot", "jobs_bundle"):
        machine.until(lambda held=held: in_it(machine, held) == 0, f"{held} is empty")  # type: ignore[misc]


def runs_one_at_a_time(log: Path, killed: set[str]) -> dict[str, int]:
    """Return how many runs of each key ended; fail where one began before another that lived had ended."""
    at_it: dict[str, str | None] = defaultdict(lambda: None)
    ended: dict[str, int] = defaultdict(int)
    for event, key, pid in map(str.split, log.read_text().splitlines()):
        if event == "start":
            assert at_it[key] is None or at_it[key] in killed, f"two of {key} at once"
            at_it[key] = pid
        else:
            assert at_it[key] == pid
            at_it[key] = None
            ended[key] += 1
    return dict(ended)


def test_a_paused_queue_stays_paused_and_a_bulk_enqueue_ends_whole_though_their_worker_is_killed(
    machine: Machine,
) -> None:
    let_go = machine.directory / "let go"
    queues = ("-Q", "default,maintenance")
    machine.keeper()
    first = machine.worker("first", 3, *queues)
    [held] = enqueue_many(machine, 1, str(let_go), "maintenance")
    machine.until(lambda: in_state(machine, RUNNING) == 1, "it runs")
    machine.program(PAUSE)
    waiting = enqueue_many(machine, 20, str(let_go), "maintenance")
    # the first half ends at once; the second keeps both processes that are left
    bulk = enqueue_many(machine, 1500, "/", "default") + enqueue_many(machine, 1500, str(let_go), "default")
    machine.until(lambda: in_state(machine, SUCCEEDED) > 0 and in_state(machine, RUNNING) > 1, "the middle")
    kill_group(first)
    assert 0 < in_state(machine, SUCCEEDED) < len(bulk)
    let_go.touch()
    machine.worker("second", 3, *queues)
    machine.until_ended(bulk)
    state = "SELECT state FROM jobs_job WHERE id = %s"
    machine.until(lambda: machine.value(state, held) == READY, "what ran in the paused queue is freed")
    assert in_state(machine, READY) == 1 + len(waiting), "somebody of the paused queue went on"
    assert machine.value("SELECT reason FROM jobs_pause WHERE name = 'maintenance'") == "stocktaking"
    machine.program(RESUME)
    machine.until_ended([held, *waiting])
    assert machine.value("SELECT count(*) FROM jobs_job") == len([held, *waiting, *bulk])
    assert machine.value("SELECT count(*) FROM jobs_dead_letter") == 0


def enqueue_many(machine: Machine, times: int, until: str, queue: str) -> list[str]:
    """Enqueue jobs as one block; return their ids."""
    before = machine.value("SELECT clock_timestamp()")
    items = f"({{'until': {until!r}}} for _ in range({times}))"
    machine.program(f"from tests.kinds.held import held; held.enqueue_many({items}, queue={queue!r})")
    new = machine.ask("SELECT id::text FROM jobs_job WHERE enqueued_at > %s", before)
    assert len(new) == times
    return [job for (job,) in new]


def in_state(machine: Machine, state: int) -> int:
    return int(machine.value("SELECT count(*) FROM jobs_job WHERE state = %s", state))


def in_it(machine: Machine, table: str) -> int:
    return int(machine.value(f"SELECT count(*) FROM {table}"))
