"""Clocks jump, and come to nights on which they are moved, to a leap day and to the end of 32 bits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apps.local.chaos import sink
from apps.local.chaos.crew import Crew
from apps.local.chaos.faults.beats import MIXED, SECONDS, next_minute
from apps.local.chaos.oracle import Wanted
from apps.local.chaos.timetable import Timetable, timetable
from apps.local.chaos.trial import Broken, Trial

_HOUR_S, _DAY_S = 3600, 86_400
_RESCUED_S = 30.0  # of the world's time: a worker that died is noticed in less by any clock

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
_AT_NIGHT = ("*/20 * * * *", "30 1 * * *", "30 2 * * *", "45 1 * * *", "15 0-3 * * *")
_END_OF_32_BITS = datetime(2038, 1, 19, 3, 14, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Night:
    """A few hours that a clock goes wrong in."""

    at: datetime
    zone: str
    lines: tuple[str, ...] = _AT_NIGHT


def jumps(trial: Trial) -> None:
    """Set the clocks of PostgreSQL, of a beat and of a worker back and forward (F34)."""
    start, before = next_minute(trial), _lost(trial)
    with Crew(trial, 2), timetable(trial, (*MIXED, *SECONDS), start) as table:
        _set_clock(trial, start)
        table.progress(3)
        table.move_clock(-_HOUR_S)
        trial.progress(3)
        falsely = _lost(trial) - before
        rescued_s = _an_hour_again(trial, table)
        before = _lost(trial)
        for seconds in (_HOUR_S, _HOUR_S, _DAY_S + _HOUR_S):
            table.move_clock(seconds)
            table.progress(3)
            table.settle()
            trial.progress(3)
        _move_those_of_processes(trial, table)
        falsely += _lost(trial) - before
    trial.note(
        f"PostgreSQL's clock -1 h, a killed worker's job began again in {rescued_s:.1f} s; +1 h, +1 h, +25 h"
    )
    trial.note(f"then a beat's and a worker's; {falsely} jobs taken from workers that live")
    trial.note(str(trial.tally))


def nights(trial: Trial) -> None:
    """Lead beats through nights on which clocks are moved, a leap day and 2038 (F35)."""
    chosen = sorted(_nights(trial.rig.now(), is_quick=trial.is_quick), key=lambda night: night.at)
    with Crew(trial, 2):
        for night in chosen:
            _lead_through(trial, night)
    trial.note(", ".join(f"{night.zone} {night.at:%Y-%m-%d}" for night in chosen))
    trial.note(str(trial.tally))


def _an_hour_again(trial: Trial, table: Timetable) -> float:
    """See that nothing is due in an hour that was there before, and that a dead worker is noticed in it."""
    jobs = table.jobs()
    took = _until_rescued(trial)
    trial.progress(3)
    if again := table.jobs() - jobs:
        raise Broken(f"I7: {again} jobs while the clock showed what it had shown before")
    return took


def _move_those_of_processes(trial: Trial, table: Timetable) -> None:
    """Set the clock of a beat and then that of a worker: nothing is measured by them."""
    jumps_s = (_DAY_S + _HOUR_S,) if trial.is_quick else (_HOUR_S, -_HOUR_S, _DAY_S + _HOUR_S)
    for name in ("beat0", "worker0"):
        for seconds in (*jumps_s, 0):
            trial.rig.own_clocks.set(name, seconds)
            table.progress(2)
            trial.progress(2)


def _until_rescued(trial: Trial) -> float:
    """Kill a worker in the middle of a job; return how long it took until that began again."""
    worker = trial.rig.processes["worker1"]
    job = trial.kill_at_work(worker)
    killed = sink.now()
    trial.restart("worker1")
    return trial.rig.until(
        lambda: any(line.job == job and line.at > killed for line in trial.rig.sink.lines("begun")),
        "the job of the killed worker begins again",
        _RESCUED_S,
    )


def _lost(trial: Trial) -> int:
    """Count the attempts whose worker was taken for dead."""
    return int(trial.rig.value("SELECT count(*) FROM jobs_attempt WHERE outcome = 'lost'"))


def _lead_through(trial: Trial, night: Night) -> None:
    """Set the clock to before the night, and on from half hour to half hour."""
    start = night.at - 80 * _MINUTE
    wanted = [Wanted(line, line=line, zone=night.zone, missed="all", cap=1000) for line in night.lines]
    _set_clock(trial, start - _MINUTE)
    with timetable(trial, wanted, start) as table:
        moment = start
        while moment < night.at + 160 * _MINUTE:
            moment += 30 * _MINUTE
            _set_clock(trial, moment)
            table.settle()


def _set_clock(trial: Trial, moment: datetime) -> None:
    trial.rig.clock.move(round((moment - trial.rig.now()).total_seconds()))


def _nights(now: datetime, *, is_quick: bool) -> Iterator[Night]:
    """Yield the next gap and the next overlap of each zone, the next leap day, and the end of 32 bits."""
    for zone in _ZONES[:1] if is_quick else _ZONES:
        for at in _changes(zone, now + _HOUR * 6):
            yield Night(at, zone)
    leap_day = next(day for year in range(now.year, now.year + 9) if (day := _leap_day(year)) and day > now)
    if not is_quick:
        yield Night(leap_day, "UTC", ("*/20 * * * *", "0 0 29 2 *", "30 0 29 2,3 *", "10 1 1,29 * *"))
    if now < _END_OF_32_BITS - _HOUR * 6:
        yield Night(_END_OF_32_BITS, "UTC", ("*/20 * * * *", "14 3 * * *", "13-15 3 19 1 *"))


def _changes(zone: str, since: datetime) -> list[datetime]:
    """Return the next two hours in which a zone's clock is moved: once forward, once back."""
    place, found = ZoneInfo(zone), list[datetime]()
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while len(found) < 2:
        if (hour + _HOUR).astimezone(place).utcoffset() != hour.astimezone(place).utcoffset():
            found.append(hour + _HOUR)
        hour += _HOUR
    return found


def _leap_day(year: int) -> datetime | None:
    try:
        return datetime(year, 2, 29, tzinfo=UTC)
    except ValueError:
        return None
