"""PostgreSQL is stopped, killed, loses sessions, or has no connection left."""

import time
from contextlib import ExitStack
from itertools import count as count_from

import psycopg

from apps.local.chaos.trial import Broken, Trial

_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = 'backline' AND application_name = 'backline'"
_END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = 'backline' AND application_name = 'backline'"
)
_LOST_CLAIMS = "SELECT COALESCE(sum(attempt), 0) FROM jobs_job"


def stopped_without_care(trial: Trial) -> None:
    """Stop it at once, no checkpoint, and start it again a moment later, three times (F08)."""
    for _ in range(3):
        with trial.forgetting():
            trial.rig.postgres.stop(immediate=True)
            trial.hold(trial.random.uniform(0, 2))
            trial.rig.postgres.start()
        trial.progress(10, "jobs after the restart")


def killed(trial: Trial) -> None:
    """Kill it: claims and heartbeats that were not flushed are lost, outcomes are not (F09)."""
    for _ in range(3):
        ended = "SELECT id FROM jobs_job WHERE state = 6"
        known = {row[0] for row in trial.rig.ask(ended)}
        with trial.forgetting():
            trial.rig.postgres.kill()
            trial.rig.postgres.start()
        if lost := known - {row[0] for row in trial.rig.ask(ended)}:
            raise Broken(f"{len(lost)} outcomes that were acknowledged are lost")
        trial.progress(10, "jobs after the restart")
    begun = len(trial.rig.sink.lines("begun"))
    trial.note(f"{max(0, begun - int(trial.rig.value(_LOST_CLAIMS)))} claims lost, no outcome")


def sessions_ended(trial: Trial) -> None:
    """End a session at random, five a second for five seconds (F10)."""
    ended = 0
    for _ in range(25):
        pids = [pid for (pid,) in trial.rig.ask(_SESSIONS)]
        if pids:
            trial.rig.ask("SELECT pg_terminate_backend(%s)", trial.random.choice(pids))
            ended += 1
        trial.hold(0.2)
    trial.note(f"{ended} sessions ended")


def no_connection_left(trial: Trial) -> None:
    """Take every connection that is free, and then those that are in use (F12)."""
    with psycopg.connect(trial.rig.postgres.url(), autocommit=True) as admin, ExitStack() as taken:
        count = _take_all(trial, taken)
        admin.execute(_END_ALL)
        give_up_at = time.monotonic() + 2
        while time.monotonic() < give_up_at:
            count += _take_all(trial, taken)
            trial.hold(0.01)
        trial.hold(5)
    trial.note(f"{count} idle connections, none left for 5 s")


def _take_all(trial: Trial, taken: ExitStack) -> int:
    """Connect until PostgreSQL refuses; return how often it did not."""
    for count in count_from(0):
        try:
            connection = psycopg.connect(
                trial.rig.postgres.url(), connect_timeout=5, application_name="hoarder"
            )
        except psycopg.OperationalError:
            return count
        taken.callback(connection.close)
    return 0
