"""Every process works through PgBouncer in transaction mode, and leaves nothing in its sessions."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apps.local.servers.pgbouncer import PgBouncerServer
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.acceptance.machine import Machine, kill_group
from tests.pgbouncer import needs_pgbouncer

pytestmark = needs_pgbouncer

SETTINGS = [
    "enable_seqscan",
    "enable_bitmapscan",
    "enable_nestloop",
    "synchronous_commit",
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "client_connection_check_interval",
]
EACH_SECOND = """
    WITH span AS (
        INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (1, 'seconds') RETURNING id
    )
    INSERT INTO django_celery_beat_periodictask
           (name, task, args, kwargs, headers, enabled, one_off, total_run_count, date_changed, description,
            interval_id)
    SELECT 'each second', 'kinds.add', '[]', '{"a": 1}', '{}', true, false, 0, now(), '', id FROM span
"""
LEADER = "SELECT holder::text, keeper FROM jobs_lead"


class Pooled(Machine):
    """A machine whose processes reach PostgreSQL through a pool; questions of a test go there directly."""

    pool: PgBouncerServer

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment with the pool's address."""
        return super().environment | {"DATABASE_URL": self.pool.url(), "BACKLINE_PREPARE": "0"}

    def leader(self) -> tuple[str, str] | None:
        """Return who leads, and under which name."""
        rows = self.ask(LEADER)
        return rows[0] if rows else None

    def lead_pid(self) -> int:
        """Return the process of the leading keeper."""
        leader = self.leader()
        assert leader is not None
        return int(leader[1].rpartition(":")[2])


@pytest.fixture
def pooled(durable_postgres: PostgresServer) -> Iterator[Pooled]:
    with tempfile.TemporaryDirectory(prefix="backline-pooled-") as directory:
        machine = Pooled(Path(directory), durable_postgres, ValkeyServer)
        durable_postgres.start()
        machine.pool = PgBouncerServer(Path(directory) / "pool", durable_postgres)
        try:
            with machine.pool:
                machine.start()
                yield machine
                machine.stop()
        finally:
            machine.pool.remove()


def shown(session: psycopg.Connection) -> tuple[object, ...]:
    row = session.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in SETTINGS)).fetchone()
    assert row is not None
    return row


def sessions_of_the_pool(machine: Pooled) -> dict[int, tuple[object, ...]]:
    """Return the settings of each server session of the pool: open transactions hold one each."""
    found, open_ones = {}, []
    try:
        for _ in range(8):
            session = psycopg.connect(machine.pool.url(), prepare_threshold=None)
            open_ones.append(session)
            row = session.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            found[int(row[0])] = shown(session)
    finally:
        for session in open_ones:
            session.close()
    return found


def test_jobs_schedules_and_two_keepers_work_through_a_pool(pooled: Pooled) -> None:
    keepers = {keeper.pid: keeper for keeper in (pooled.keeper("k1"), pooled.keeper("k2"))}
    pooled.worker("w", 2)
    pooled.beat()
    pooled.ask(EACH_SECOND)
    pooled.until(lambda: pooled.leader() is not None, "a keeper leads")
    leader = pooled.leader()
    began = pooled.value("SELECT clock_timestamp()")
    jobs: list[str] = []
    passed = "SELECT clock_timestamp() - %s > interval '20 s'"
    while not pooled.value(passed, began):
        jobs += pooled.enqueue("kinds.add", 50, a=1)
        assert pooled.leader() == leader, "the lead flaps"
    pooled.until_ended(jobs)
    fired = "SELECT count(*) FROM jobs_job WHERE state = 6 AND NOT id = ANY(%s::uuid[])"
    pooled.until(lambda: pooled.value(fired, jobs) >= 10, "the schedule fires")
    [walk] = pooled.enqueue("kinds.walk", steps=60, pause_ms=50)
    pooled.until(lambda: len(pooled.steps(walk)) > 5, "it walks")
    os.kill(pooled.value("SELECT worker_pid FROM jobs_job WHERE id = %s", walk), signal.SIGKILL)
    pooled.until_ended([walk])
    assert pooled.steps(walk) == list(range(1, 61))

    kill_group(keepers[pooled.lead_pid()])
    killed_at = pooled.value("SELECT clock_timestamp()")
    pooled.until(lambda: pooled.leader() not in (None, leader), "the other keeper leads")
    # The lease of 5 s and a second until it is asked for; a crowded machine has ten more.
    took = pooled.value("SELECT renewed_at - %s FROM jobs_lead", killed_at)
    assert took.total_seconds() < 16
    pooled.until_ended(pooled.enqueue("kinds.add", 20, a=1))
    with psycopg.connect(pooled.postgres.url()) as fresh:
        untouched = shown(fresh)
    found = sessions_of_the_pool(pooled)
    assert set(found.values()) == {untouched}, found
    assert "the database is away" not in pooled.words_of("k1") + pooled.words_of("k2")


def test_week_that_leaves_the_job_table_leaves_no_setting_in_the_pool(pooled: Pooled) -> None:
    detach = "from apps.jobs.keeper import old_weeks; print(old_weeks.detach(old_weeks.weeks()[0]))"
    with psycopg.connect(pooled.postgres.url()) as reader:
        untouched = shown(reader)
        reader.execute("SELECT count(*) FROM jobs_job")
        assert pooled.manage("shell", "-c", detach).split()[-1] == "False", "it waited for the reader"
        found = sessions_of_the_pool(pooled)
    assert pooled.manage("shell", "-c", detach).split()[-1] == "True"
    found |= sessions_of_the_pool(pooled)
    assert set(found.values()) == {untouched}, found


def test_killed_worker_behind_a_pool_is_found_by_its_heartbeat(pooled: Pooled) -> None:
    pooled.keeper()
    first = pooled.worker("first")
    assert not pooled.value("SELECT has_lock FROM jobs_worker")
    [walk] = pooled.enqueue("kinds.walk", steps=60, pause_ms=50)
    pooled.until(lambda: len(pooled.steps(walk)) > 5, "it walks")
    kill_group(first)
    pooled.worker("second")
    pooled.until_ended([walk])
    assert pooled.steps(walk) == list(range(1, 61))


def test_leader_that_was_frozen_stands_by_when_it_wakes(pooled: Pooled) -> None:
    keepers = {keeper.pid: keeper for keeper in (pooled.keeper("k1"), pooled.keeper("k2"))}
    pooled.until(lambda: pooled.leader() is not None, "a keeper leads")
    frozen, before = keepers[pooled.lead_pid()], pooled.leader()
    frozen.send_signal(signal.SIGSTOP)
    pooled.until(lambda: pooled.leader() not in (None, before), "the other keeper leads")
    after = pooled.leader()
    frozen.send_signal(signal.SIGCONT)
    renewed = pooled.value("SELECT renewed_at FROM jobs_lead")
    pooled.until(lambda: pooled.value("SELECT renewed_at > %s FROM jobs_lead", renewed), "it is renewed")
    assert pooled.leader() == after
    assert frozen.poll() is None
