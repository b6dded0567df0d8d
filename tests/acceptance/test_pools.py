"""Jobs run in threads as they do in processes."""

import signal

import pytest

from tests.acceptance.machine import Machine

RUNNING, SUCCEEDED, DEAD, CANCELLED = 3, 6, 7, 8
RAISING = ("cancelled await", "generator exit", "group", "system exit", "interrupt")


@pytest.fixture
def kept(machine: Machine) -> Machine:
    """A machine with a keeper."""
    machine.keeper()
    return machine


def cancel(machine: Machine, job: str) -> None:
    machine.ask("UPDATE jobs_job SET cancel_requested_at = clock_timestamp() WHERE id = %s", job)


def walks(machine: Machine, job: str, step: int) -> None:
    machine.until(lambda: len(machine.steps(job)) >= step, f"{step} steps")


def attempts(machine: Machine, jobs: list[str]) -> set[int]:
    return {one for (one,) in machine.ask("SELECT attempt FROM jobs_job WHERE id = ANY(%s::uuid[])", jobs)}


def test_a_pool_of_threads_runs_fails_cancels_and_hands_back(kept: Machine) -> None:
    worker = kept.worker("w", 4, "-P", "threads")
    adds = kept.enqueue("kinds.add", 40, a=1)
    [failing] = kept.enqueue("kinds.fail", how="value error")
    odd = kept.enqueue_each("kinds.odd", [{"how": how} for how in RAISING])
    [cancelled] = kept.enqueue("kinds.walk", steps=2000, pause_ms=20)
    kept.until_ended(adds)
    kept.until_ended([failing, *odd], DEAD)
    walks(kept, cancelled, 2)
    cancel(kept, cancelled)
    kept.until_ended([cancelled], CANCELLED)
    # a beat looks for jobs of processes that are gone: this one's own are not
    [long] = kept.enqueue("kinds.walk", steps=9000, pause_ms=20)
    walks(kept, long, 1)
    beats = "SELECT count(*) FROM jobs_worker WHERE heartbeat_at > started_at + interval '6 seconds'"
    kept.until(lambda: kept.value(beats) == 1, "two beats")
    assert attempts(kept, [*adds, long]) == {1}
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=90)
    outcome = "SELECT outcome FROM jobs_attempt WHERE job_id = %s"
    kept.until(lambda: kept.ask(outcome, long) == [("handed back",)], "its guard hands it back")
    assert kept.value("SELECT state FROM jobs_job WHERE id = %s", long) != RUNNING


def test_a_job_that_hangs_in_a_thread_ends_with_its_worker_and_is_charged_alone(kept: Machine) -> None:
    worker = kept.worker("w", 4, "-P", "threads")
    [hung] = kept.enqueue("kinds.hang", how="swallow")
    [slow] = kept.enqueue("kinds.walk", steps=200, pause_ms=50)
    worker.wait(timeout=60)
    kept.worker("next", 2)
    kept.until_ended([hung], DEAD, patience=60)
    kept.until_ended([slow])
    assert kept.ask("SELECT failures, deaths FROM jobs_job WHERE id = %s", slow) == [(0, 0)]
    told = kept.ask("SELECT error_type FROM jobs_attempt WHERE job_id = %s", hung)
    assert told == [("TimedOut",)] * 2


def test_a_worker_without_children_hands_back_the_job_it_is_in_when_told_to_stop(kept: Machine) -> None:
    worker = kept.worker("w", 1, "-P", "solo")
    kept.until_ended(kept.enqueue_each("kinds.odd", [{"how": how} for how in RAISING]), DEAD)
    kept.until_ended(kept.enqueue("kinds.add", 5, a=1))
    [long] = kept.enqueue("kinds.walk", steps=9000, pause_ms=20)
    walks(kept, long, 2)
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=60)
    assert kept.value("SELECT state FROM jobs_job WHERE id = %s", long) != RUNNING
    assert kept.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", long) == [("handed back",)]


@pytest.mark.parametrize("renewal", ["--max-memory-per-child=1", "--max-tasks-per-child=1"])  # KiB; messages
def test_a_child_that_is_renewed_after_each_message_takes_no_job_with_it(kept: Machine, renewal: str) -> None:
    kept.worker("w", 2, renewal)
    slow = [kept.enqueue("kinds.walk", steps=3, pause_ms=20)[0] for _ in range(5)]
    adds = kept.enqueue("kinds.add", 20, a=1)
    kept.until_ended([*slow, *adds])
    assert attempts(kept, [*slow, *adds]) == {1}
    assert kept.value("SELECT count(DISTINCT worker_pid) FROM jobs_job WHERE id = ANY(%s::uuid[])", slow) > 1
