"""Beats die, lose their sessions, are too many, and go without a broker."""

from datetime import datetime, timedelta
from itertools import pairwise

import psutil

from apps.local.chaos.crew import Crew
from apps.local.chaos.faults import keepers
from apps.local.chaos.oracle import Wanted
from apps.local.chaos.timetable import Timetable, timetable
from apps.local.chaos.trial import Broken, Trial

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MIXED = (
    Wanted("each minute", line="* * * * *", zone="Europe/Berlin"),
    Wanted("each two seconds", every_s=2, kind="atomic"),
    Wanted("each ten seconds", every_s=10, kind="keyed"),
    Wanted("each five minutes, none left out", line="*/5 * * * *", missed="all", cap=1000),
    Wanted("each other minute, late ones skipped", line="*/2 * * * *", missed="skip"),
)
SECONDS = (Wanted("each second", every_s=1), Wanted("each two seconds", every_s=2, kind="atomic"))
_SOON = timedelta(seconds=10)
_AWAY_S = 5.0
_ENQUEUED = "SELECT enqueued_at FROM jobs_job WHERE trigger = 'schedule' AND enqueued_at >= %s ORDER BY 1"
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY (%s)"


def killed(trial: Trial) -> None:
    """Kill the leading keeper, then all keepers; each beat, then all beats (F07)."""
    keepers.killed(trial)
    with Crew(trial, 2) as crew, timetable(trial, SECONDS, trial.rig.now() + _SOON) as table:
        table.progress(3)
        began = trial.rig.now()
        for name in crew.names:
            crew.kill(name)
            table.progress(4)
            crew.restart(name)
            crew.await_all()
        pause = _longest_pause(trial, began)
        crew.kill(*crew.names)
        trial.hold(_AWAY_S)
        crew.restart(*crew.names)
        took = table.progress()
    trial.note(f"one of two beats killed: {pause:.1f} s from job to job at most")
    trial.note(
        f"both killed: jobs again {took:.1f} s after they were started, {_AWAY_S:.0f} s later; {_told(trial)}"
    )


def lost_session(trial: Trial) -> None:
    """End the session of the leading keeper, five times; then those of the beats (F11)."""
    keepers.lost_session(trial)
    with Crew(trial, 2) as crew, timetable(trial, SECONDS, trial.rig.now() + _SOON) as table:
        table.progress(3)
        for name in crew.names * 3:
            _end_sessions(trial, name)
            table.progress(2)
    trial.note(f"two beats lost theirs, three times each: {_told(trial)}")


def too_many(trial: Trial) -> None:
    """Let keepers rule without the lead; two beats, then five, go through ten minutes of trouble (F33)."""
    keepers.rogues(trial)
    minutes = 3 if trial.is_quick else 10
    with Crew(trial, 2) as crew, timetable(trial, MIXED, next_minute(trial)) as table:
        begin = trial.rig.now()
        _stir(trial, crew, begin + 0.2 * minutes * MINUTE)
        _kill_database(trial, table)
        crew.add(3)
        waited = _without_broker(trial, crew, table, 0.5 * minutes * MINUTE)
        _kill_database(trial, table)
        for hours in (1, -1, 1):
            table.move_clock(hours * 3600)
            trial.hold(trial.random.uniform(1, 2))
        _stir(trial, crew, begin + HOUR + minutes * MINUTE)
    trial.note(
        f"{minutes} minutes with 2 beats, then 5; the broker away for half of them, {waited} jobs waited"
    )
    trial.note(str(trial.tally))


def next_minute(trial: Trial) -> datetime:
    """Return a full minute to come that is not too near."""
    return trial.rig.now().replace(second=0, microsecond=0) + 2 * MINUTE


def _stir(trial: Trial, crew: Crew, until: datetime) -> None:
    """Kill one beat after the other until the clock shows this; one at least can always look."""
    while trial.rig.now() < until:
        trial.hold(trial.random.uniform(0.5, 2.5))
        crew.strike()


def _kill_database(trial: Trial, table: Timetable) -> None:
    with table.gap(), trial.forgetting():
        trial.rig.postgres.kill()
        trial.hold(trial.random.uniform(0, 1))
        trial.rig.postgres.start()


def _without_broker(trial: Trial, crew: Crew, table: Timetable, span: timedelta) -> int:
    """Kill the broker and go on without it; return how many jobs waited for it at the end."""
    trial.rig.valkey.kill()
    _stir(trial, crew, trial.rig.now() + span)
    waited = table.undone()
    trial.rig.valkey.start()
    if not waited:
        raise Broken("I7: no job was made while the broker was away")
    return waited


def _end_sessions(trial: Trial, name: str) -> None:
    """End every session at whose other end this process is."""
    ends = psutil.Process(trial.rig.processes[name].pid).net_connections()
    trial.rig.ask(_END, [end.laddr.port for end in ends])


def _longest_pause(trial: Trial, since: datetime) -> float:
    times = [at for (at,) in trial.rig.ask(_ENQUEUED, since)]
    return max(((later - sooner).total_seconds() for sooner, later in pairwise(times)), default=0.0)


def _told(trial: Trial) -> str:
    """Say what came of the moments, none of which may have been passed over within a minute."""
    if trial.tally.skipped:
        raise Broken(f"I7: {trial.tally.skipped} moments were passed over within the minute")
    return str(trial.tally)
