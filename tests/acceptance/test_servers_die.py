"""The broker forgets, freezes or dies; PostgreSQL is killed: nothing that was committed is lost."""

import os
import signal

from tests.acceptance.brokers import on_each_broker_in_time
from tests.acceptance.machine import Machine, kill_group

TOLD_ENQUEUE = """
from apps.jobs import enqueue
try:
    print(enqueue("kinds.add", a=1))
except Exception as error:
    print(type(error).__qualname__, error)
"""
TIMED_ENQUEUES = """
from time import monotonic
from apps.jobs import enqueue
for _ in range(20):
    began = monotonic()
    job = enqueue("kinds.add", a=1)
    print(job, monotonic() - began)
"""


@on_each_broker_in_time
def test_a_broker_that_forgot_everything_costs_seconds_not_jobs(machine: Machine) -> None:
    machine.keeper()
    ids = machine.enqueue("kinds.add", 300, a=1)
    machine.until(lambda: machine.value("SELECT count(*) FROM jobs_bundle") > 0, "the window fills")
    machine.make_broker_forget()
    machine.worker()
    machine.until_ended(ids, patience=30)


@on_each_broker_in_time
def test_a_broker_that_forgets_in_the_middle_of_the_work_loses_nothing(machine: Machine) -> None:
    machine.keeper()
    machine.worker()
    ids = machine.enqueue("kinds.add", 400, a=1)
    for _ in range(3):
        machine.make_broker_forget()
    machine.until_ended(ids)


@on_each_broker_in_time
def test_jobs_enqueued_while_the_broker_is_dead_run_when_it_is_back(machine: Machine) -> None:
    machine.keeper()
    machine.worker()
    machine.broker.kill()
    ids = machine.enqueue("kinds.add", 20, a=1)
    machine.broker.start()
    machine.until_ended(ids, patience=90)


@on_each_broker_in_time
def test_a_frozen_broker_does_not_hold_up_an_enqueue(machine: Machine) -> None:
    machine.keeper()
    machine.worker()
    pid = machine.broker.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        said = machine.program(TIMED_ENQUEUES)
    finally:
        os.kill(pid, signal.SIGCONT)
    took_s = {job: float(seconds) for job, seconds in map(str.split, said.splitlines())}
    assert max(took_s.values()) < 1, "one of them waited for the broker, which is given two seconds"
    machine.until_ended(list(took_s), patience=90)


def test_a_database_killed_in_the_middle_loses_no_step_and_doubles_none(machine: Machine) -> None:
    machine.keeper()
    machine.worker()
    jobs = machine.enqueue("kinds.walk", 2, steps=100, pause_ms=30)
    machine.until(lambda: all(len(machine.steps(job)) >= 10 for job in jobs), "ten steps each")
    machine.postgres.kill()
    machine.postgres.start()
    machine.until_ended(jobs, patience=90)
    for job in jobs:
        assert machine.steps(job) == list(range(1, 101))


def test_a_database_that_takes_no_writes_for_a_while_costs_seconds_not_jobs(machine: Machine) -> None:
    machine.keeper()
    machine.worker()
    beat = machine.beat()
    jobs = machine.enqueue("kinds.walk", 2, steps=60, pause_ms=30)
    machine.until(lambda: all(len(machine.steps(job)) >= 10 for job in jobs), "ten steps each")
    with machine.database_takes_no_writes():
        for name in ("w", "keeper", "beat"):
            machine.until(lambda name=name: "read-only" in machine.words_of(name), f"{name} meets it")  # type: ignore[misc]
        assert machine.value("SELECT count(*) FROM jobs_job WHERE state = 6") == 0
    machine.until_ended(jobs)
    for job in jobs:
        assert machine.steps(job) == list(range(1, 61))
    assert machine.value("SELECT max(failures + deaths) FROM jobs_job") == 0
    assert beat.poll() is None


def test_a_restart_of_the_database_does_not_look_like_the_death_of_all_workers(machine: Machine) -> None:
    machine.keeper()
    worker = machine.worker()
    machine.postgres.kill()
    machine.postgres.start()
    ids = machine.enqueue("kinds.add", 20, a=1)
    machine.until_ended(ids)
    assert machine.value("SELECT count(*) FROM jobs_worker WHERE stopped_at IS NOT NULL") == 0
    kill_group(worker)


def test_a_database_without_a_free_connection_refuses_an_enqueue_clearly_and_costs_seconds_not_jobs(
    machine: Machine,
) -> None:
    machine.keeper()
    machine.worker()
    jobs = machine.enqueue("kinds.walk", 2, steps=100, pause_ms=30)
    machine.until(lambda: all(len(machine.steps(job)) >= 10 for job in jobs), "ten steps each")
    with machine.database_has_no_connection_left():
        for name in ("w", "keeper"):
            machine.until(lambda name=name: "too many clients" in machine.words_of(name), f"{name} meets it")  # type: ignore[misc]
        said = machine.program(TOLD_ENQUEUE)
    assert said.startswith("OperationalError connection failed")
    assert "too many clients" in said
    jobs += machine.enqueue("kinds.walk", steps=100)
    machine.until_ended(jobs)
    for job in jobs:
        assert machine.steps(job) == list(range(1, 101))
    assert machine.value("SELECT count(*) FROM jobs_job") == len(jobs)
    assert machine.value("SELECT max(failures + deaths) FROM jobs_job") == 0
