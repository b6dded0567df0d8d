"""Workers, children and whole machines die; every committed job still ends, once."""

import os
import signal
import socket
import time

from tests.acceptance.brokers import on_each_broker, on_each_broker_in_time
from tests.acceptance.machine import Machine, kill_group

SUCCEEDED, DEAD = 6, 7


@on_each_broker
def test_a_job_of_a_killed_worker_goes_on_at_its_checkpoint_on_another(machine: Machine) -> None:
    machine.keeper()
    worker = machine.worker("first")
    [job] = machine.enqueue("kinds.walk", steps=60, pause_ms=50)
    machine.until(lambda: len(machine.steps(job)) >= 10, "ten steps")
    kill_group(worker)
    machine.worker("second")
    machine.until_ended([job])
    assert machine.steps(job) == list(range(1, 61)), "a step was lost or walked twice"
    walked_by_the_last = machine.value("SELECT result FROM jobs_job WHERE id = %s", job)
    assert walked_by_the_last <= 50, "it began again instead of going on"
    [(outcome,)] = machine.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", job)
    assert outcome == "lost"
    [(silent_s,)] = machine.ask(
        "SELECT extract(epoch FROM a.ended_at - w.heartbeat_at)::float FROM jobs_attempt AS a "
        "JOIN jobs_worker AS w ON w.name = a.worker_name WHERE a.job_id = %s",
        job,
    )
    assert silent_s < 12, "its lock was free at once: nobody had to wait until its heartbeat was too old"


@on_each_broker_in_time
def test_a_killed_child_frees_its_job_at_once_and_its_neighbour_does_not_notice(machine: Machine) -> None:
    machine.keeper()
    machine.worker(concurrency=2)
    one, two = machine.enqueue("kinds.walk", 2, steps=140, pause_ms=50)
    machine.until(lambda: len(machine.steps(one)) > 5 and len(machine.steps(two)) > 5, "both walk")
    child = machine.value("SELECT worker_pid FROM jobs_job WHERE id = %s", one)
    # The next beat, which would find the death as well, is then four seconds away.
    just_beat = "SELECT clock_timestamp() - heartbeat_at < interval '1 s' FROM jobs_worker"
    machine.until(lambda: bool(machine.value(just_beat)), "a beat")
    killed_at = machine.value("SELECT clock_timestamp()")
    os.kill(child, signal.SIGKILL)
    machine.until_ended([one, two])
    assert machine.steps(one) == machine.steps(two) == list(range(1, 141))
    assert machine.value("SELECT attempt FROM jobs_job WHERE id = %s", two) == 1
    query = "SELECT attempt, started_at - %s FROM jobs_job WHERE id = %s"
    [(attempt, went_by)] = machine.ask(query, killed_at, one)
    assert attempt == 2
    # The promise is a second; a crowded machine has three, still less than any but the watch would take.
    assert went_by.total_seconds() < 3


def test_a_job_that_kills_its_worker_three_times_is_set_aside_and_delays_nobody(machine: Machine) -> None:
    machine.keeper()
    machine.worker(concurrency=2)
    [killer] = machine.enqueue("kinds.fail", how="kill")
    others = machine.enqueue("kinds.add", 20, a=1)
    machine.until_ended([killer], DEAD)
    machine.until_ended(others)
    deaths, fingerprint = machine.ask("SELECT deaths, fingerprint FROM jobs_job WHERE id = %s", killer)[0]
    assert (deaths, fingerprint) == (3, "WorkerLost")
    assert "set aside" in machine.value("SELECT message FROM jobs_dead_letter WHERE job_id = %s", killer)


@on_each_broker_in_time
def test_a_worker_told_to_stop_hands_its_long_job_back_and_nothing_is_held_against_it(
    machine: Machine,
) -> None:
    machine.keeper()
    worker = machine.worker("first")
    [job] = machine.enqueue("kinds.walk", steps=230, pause_ms=50)
    machine.until(lambda: len(machine.steps(job)) >= 5, "five steps")
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=30)
    assert machine.value("SELECT state FROM jobs_job WHERE id = %s", job) != 3, "it still counts as running"
    attempt = machine.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", job)
    assert attempt == [("handed back",)]
    machine.worker("second")
    machine.until_ended([job])
    assert machine.steps(job) == list(range(1, 231))
    assert machine.ask("SELECT failures, deaths FROM jobs_job WHERE id = %s", job) == [(0, 0)]


def test_a_frozen_worker_that_wakes_after_its_rescue_changes_nothing(machine: Machine) -> None:
    machine.keeper()
    frozen = machine.worker("frozen", concurrency=1)
    [job] = machine.enqueue("kinds.walk", steps=60, pause_ms=50)
    machine.until(lambda: len(machine.steps(job)) >= 5, "five steps")
    os.killpg(frozen.pid, signal.SIGSTOP)
    machine.worker("second", concurrency=1)
    machine.until(lambda: machine.value("SELECT attempt FROM jobs_job WHERE id = %s", job) == 2, "the rescue")
    os.killpg(frozen.pid, signal.SIGCONT)
    machine.until_ended([job])
    assert machine.steps(job) == list(range(1, 61)), "the frozen worker's step was accepted after its rescue"


def test_a_second_keeper_takes_over_when_the_leader_is_killed(machine: Machine) -> None:
    leader = machine.keeper("leader")
    machine.until(lambda: machine.value("SELECT count(*) FROM jobs_duty") > 0, "the first keeper leads")
    heir = machine.keeper("heir")
    kill_group(leader)
    machine.worker()
    ids = machine.enqueue("kinds.add", 50, a=2)
    machine.until_ended(ids, patience=20)
    relays = "SELECT keeper FROM jobs_duty WHERE name = 'relay'"
    machine.until(lambda: machine.value(relays) == f"{socket.gethostname()}:{heir.pid}", "the heir leads")


@on_each_broker_in_time
def test_jobs_enqueued_while_no_worker_listens_run_when_one_comes(machine: Machine) -> None:
    machine.keeper()
    ids = machine.enqueue("kinds.add", 200, a=1)
    started = time.monotonic()
    machine.worker()
    machine.until_ended(ids)
    assert time.monotonic() - started < 60
