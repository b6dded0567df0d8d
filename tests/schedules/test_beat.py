"""Real `celery beat` processes: two at once, killed and frozen, without a broker."""

import os
import signal
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from apps.local.servers.postgres import PostgresServer
from tests.acceptance.machine import Machine, kill_group
from tests.schedules.broken import allow_far_times, ways

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("acceptance")]

EACH_SECOND = """
    WITH span AS (
        INSERT INTO django_celery_beat_intervalschedule (every, period) VALUES (1, 'seconds') RETURNING id
    )
    INSERT INTO django_celery_beat_periodictask
           (name, task, args, kwargs, headers, enabled, one_off, total_run_count, date_changed, description,
            interval_id)
    SELECT %s, %s, '[]', %s, '{}', true, false, 0, now(), '', id FROM span RETURNING id
"""


class WithoutBroker(Machine):
    """A machine whose broker refuses every connection."""

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment in which nobody listens where the broker should be."""
        return super().environment | {"CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}

    def each_second(self, name: str, kind: str = "kinds.add", arguments: str = '{"a": 1}') -> int:
        """Make a schedule that runs each second, by SQL alone."""
        return int(self.value(EACH_SECOND, name, kind, arguments))

    def write(self, statement: str, values: tuple[object, ...]) -> None:
        """Run a statement that returns nothing."""
        self.ask(statement, *values)

    def moments(self, schedule: int) -> int:
        """Count the moments of a schedule."""
        return int(self.value("SELECT count(*) FROM schedules_moment WHERE schedule_id = %s", schedule))


@pytest.fixture
def machine(durable_postgres: PostgresServer) -> Iterator[WithoutBroker]:
    with tempfile.TemporaryDirectory(prefix="backline-beat-") as directory:
        machine = WithoutBroker(Path(directory), durable_postgres)
        try:
            machine.start()
            yield machine
        finally:
            machine.stop()


def test_two_beats_one_frozen_and_killed_take_every_second_once(machine: WithoutBroker) -> None:
    good, bad = machine.each_second("good"), machine.each_second("bad", kind="no.such.kind")
    first, second = machine.beat("first"), machine.beat("second")
    machine.until(lambda: machine.moments(good) >= 3, "beats fire")
    beats = "SELECT count(DISTINCT beat) FROM schedules_moment WHERE schedule_id = %s"
    machine.until(lambda: machine.value(beats, good) == 2, "both beats fire")
    os.killpg(first.pid, signal.SIGSTOP)
    before = machine.moments(good)
    machine.until(lambda: machine.moments(good) >= before + 3, "the other goes on while one is frozen", 15)
    os.killpg(first.pid, signal.SIGCONT)
    kill_group(first)
    before = machine.moments(good)
    machine.until(lambda: machine.moments(good) >= before + 3, "the other goes on after a kill", 10)
    gaps = machine.ask(
        "SELECT DISTINCT at - lag(at) OVER (ORDER BY at) FROM schedules_moment WHERE schedule_id = %s", good
    )
    assert {gap for (gap,) in gaps} == {None, timedelta(seconds=1)}
    assert machine.value("SELECT count(*) FROM jobs_job") == machine.moments(good)
    assert machine.moments(bad) == 0
    assert "no.such.kind" in machine.value("SELECT problem FROM schedules_plan WHERE schedule_id = %s", bad)
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=60) == 0
    assert machine.value("SELECT count(*) FROM schedules_beat WHERE stopped_at IS NOT NULL") == 1
    assert "Traceback" not in machine.last_words()


def test_an_edit_is_seen_within_five_seconds_and_a_database_restart_is_outlived(
    machine: WithoutBroker,
) -> None:
    schedule = machine.each_second("steady")
    machine.beat()
    machine.until(lambda: machine.moments(schedule) >= 2, "beat fires")
    machine.ask("UPDATE django_celery_beat_intervalschedule SET every = 3600")
    slow = "SELECT next_at > now() + interval '59 minutes' FROM schedules_plan WHERE schedule_id = %s"
    machine.until(lambda: machine.value(slow, schedule) is True, "the edit is seen", 5)
    machine.postgres.kill()
    machine.postgres.start()
    machine.ask("UPDATE django_celery_beat_intervalschedule SET every = 1")
    before = machine.moments(schedule)
    machine.until(lambda: machine.moments(schedule) >= before + 2, "beat fires after the restart", 20)
    assert machine.value("SELECT count(*) FROM jobs_job") >= machine.moments(schedule)


def test_what_waits_for_the_last_one_starts_by_itself_when_that_has_ended(machine: WithoutBroker) -> None:
    schedule = machine.each_second("one by one")
    machine.ask("INSERT INTO schedules_policy (schedule_id, overlap) VALUES (%s, 'queue one')", schedule)
    machine.beat()
    outcome = "SELECT count(*) FROM schedules_moment WHERE outcome = %s"
    machine.until(lambda: machine.value(outcome, "overlapped") >= 2, "one waits, others are skipped")
    assert (machine.value(outcome, "ran"), machine.value(outcome, "waits")) == (1, 1)
    machine.manage("jobs", "cancel", str(machine.value("SELECT id FROM jobs_job")))
    machine.until(lambda: machine.value(outcome, "ran") == 2, "what waited starts")
    assert machine.value("SELECT count(*) FROM jobs_job") == 2


def test_a_beat_goes_on_with_every_kind_of_broken_row(machine: WithoutBroker) -> None:
    healthy = machine.each_second("healthy")
    beat = machine.beat()
    machine.until(lambda: machine.moments(healthy) >= 1, "beat fires")
    allow_far_times(machine.write)
    for number, (_, way) in enumerate(ways()):
        way(machine.write, machine.each_second(f"broken {number}"))
    waits = "SELECT count(*) FROM schedules_plan WHERE edited"
    machine.until(lambda: machine.value(waits) == 0, "each was planned or set aside")
    before = machine.moments(healthy)
    machine.until(lambda: machine.moments(healthy) >= before + 3, "the healthy one goes on")
    assert beat.poll() is None
    assert machine.value("SELECT count(*) FROM schedules_plan WHERE problem <> ''") > 50
    assert "Traceback" not in machine.words_of("beat"), machine.words_of("beat")
