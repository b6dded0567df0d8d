"""A worker takes no message before it is registered, and registers again when its row is gone."""

import os
import signal

import pytest
import redis

from tests.acceptance.machine import Machine, kill_group

DEAD = 7
LACKS_A_MIGRATION = """
    DELETE FROM django_migrations
     WHERE id = (SELECT id FROM django_migrations WHERE app = 'jobs' ORDER BY name DESC LIMIT 1)
"""
EVERY_POOL = pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])


def in_the_broker(machine: Machine) -> int:
    """Return how many messages of the default queue wait for a worker."""
    return int(redis.Redis.from_url(machine.broker.url()).llen("backline:default"))


@EVERY_POOL
def test_worker_started_before_its_database_runs_each_job_once(machine: Machine, pool: str) -> None:
    machine.keeper()
    jobs = machine.enqueue("kinds.add", 20, a=1)
    machine.until(lambda: machine.value("SELECT count(*) FROM jobs_ready") == 0, "the window is full")
    machine.until(lambda: in_the_broker(machine) > 0, "messages are published")
    machine.postgres.kill()
    waiting = in_the_broker(machine)
    machine.spawn_worker("early", 2, "-P", pool)
    machine.until(lambda: machine.words_of("early").count("not registered") >= 2, "it tries again")
    assert in_the_broker(machine) == waiting, "it takes no message"
    machine.postgres.start()
    machine.until_ended(jobs, patience=90)
    assert machine.value("SELECT max(attempt) FROM jobs_job") == 1
    assert "NotAWorker" not in machine.words_of("early")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("DROP SCHEMA public CASCADE; CREATE SCHEMA public", "Run manage.py migrate first"),
        (LACKS_A_MIGRATION, "Run manage.py migrate first"),
        ("DROP TABLE jobs_worker CASCADE", "cannot register"),
    ],
)
def test_worker_exits_with_a_sentence_when_tables_are_missing(
    machine: Machine, damage: str, sentence: str
) -> None:
    machine.ask(damage)
    early = machine.spawn_worker("too-early")
    assert early.wait(timeout=90) == 1
    assert sentence in machine.words_of("too-early")
    assert "Traceback" not in machine.words_of("too-early")
    assert "ready." not in machine.words_of("too-early")


def test_keeper_and_beat_exit_with_a_sentence_when_tables_are_missing(machine: Machine) -> None:
    machine.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    keeper, beat = machine.keeper(), machine.beat()
    assert (keeper.wait(timeout=90), beat.wait(timeout=90)) == (1, 1)
    for name in ("keeper", "beat"):
        assert "Run manage.py migrate first" in machine.words_of(name)


def test_beat_whose_row_is_gone_registers_again(machine: Machine) -> None:
    machine.beat()
    machine.until(lambda: machine.value("SELECT count(*) FROM schedules_beat") == 1, "it registers")
    machine.ask("TRUNCATE schedules_beat RESTART IDENTITY")
    machine.ask(
        "INSERT INTO schedules_beat (name, started_at, heartbeat_at) VALUES ('other', now(), '2001-01-01')"
    )
    machine.until(lambda: machine.value("SELECT count(*) FROM schedules_beat") == 2, "it registers again")
    assert machine.value("SELECT heartbeat_at < '2002-01-01' FROM schedules_beat WHERE name = 'other'")


def test_worker_that_waits_for_its_database_stops_when_asked(machine: Machine) -> None:
    machine.postgres.kill()
    worker = machine.spawn_worker("early")
    machine.until(lambda: "not registered" in machine.words_of("early"), "it waits")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    machine.postgres.start()


def test_worker_whose_row_is_gone_registers_again_and_its_killed_jobs_are_rescued(machine: Machine) -> None:
    machine.keeper()
    machine.worker(concurrency=2)
    one, two = machine.enqueue("kinds.walk", 2, steps=200, pause_ms=50)
    machine.until(lambda: len(machine.steps(one)) > 5 and len(machine.steps(two)) > 5, "both walk")
    [(before,)] = machine.ask("DELETE FROM jobs_worker RETURNING id")
    registered = "SELECT count(*) FROM jobs_worker WHERE id = %s AND pid > 0"
    machine.until(lambda: bool(machine.value(registered, before)), "it registers again")
    os.kill(machine.value("SELECT worker_pid FROM jobs_job WHERE id = %s", one), signal.SIGKILL)
    machine.until_ended([one, two])
    assert machine.steps(one) == machine.steps(two) == list(range(1, 201))
    assert machine.value("SELECT attempt FROM jobs_job WHERE id = %s", two) == 1


def test_worker_started_after_a_restore_gets_an_id_of_its_own(machine: Machine) -> None:
    """A table restored from a backup has neither the rows nor the sequence of later workers."""
    machine.keeper()
    first = machine.worker("first", 4)
    jobs = machine.enqueue("kinds.walk", 4, steps=160, pause_ms=50)
    machine.until(lambda: all(len(machine.steps(job)) > 5 for job in jobs), "all walk")
    machine.ask("TRUNCATE jobs_worker RESTART IDENTITY")
    second = machine.worker("second", 4)
    kill_group(second)
    machine.until_ended(jobs)
    assert machine.value("SELECT max(attempt) FROM jobs_job") == 1
    assert machine.value("SELECT max(deaths) FROM jobs_job") == 0
    assert first.poll() is None


def test_jobs_of_a_dead_worker_without_a_row_are_rescued(machine: Machine) -> None:
    machine.keeper()
    dead = machine.worker("dead")
    [job] = machine.enqueue("kinds.walk", steps=60, pause_ms=50)
    machine.until(lambda: len(machine.steps(job)) > 5, "it walks")
    kill_group(dead)
    machine.ask("DELETE FROM jobs_worker")
    machine.worker("other")
    machine.until_ended([job])
    assert machine.steps(job) == list(range(1, 61))
    assert machine.ask("SELECT outcome FROM jobs_attempt WHERE job_id = %s", job) == [("lost",)]
