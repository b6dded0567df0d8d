"""How much goes through a rig, and what a job costs the processors.

Empty jobs would tell how fast the machine is just now, and a shared host may be half as fast a minute later.
Jobs that take their time, as those of the load do, are bound by the rig: by how many processes take jobs, and
how long each waits for its next.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

import psutil

from apps.local.chaos import sink
from apps.local.chaos.rig import PATIENCE_S, Rig
from apps.local.chaos.trial import Trial

ENOUGH = 0.95  # of what went through before: invariant I14
MS = 30  # each job's work
_JOBS = 240
_ROUNDS = 3
_MOST_ROUNDS = 12  # half a minute
_EMPTY = 300
_BROKEN_IN = 2000


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was measured: the median of some rounds."""

    per_s: float
    cpu_ms: float  # a job's share of what every process and server of the rig used


def break_in(trial: Trial) -> None:
    """Send jobs through a new rig until it is as it stays: an empty ledger costs less."""
    while len(trial.rig.sink.lines("done")) < _BROKEN_IN:
        empty_jobs_per_s(trial)


def measure(trial: Trial) -> Throughput:
    """Measure before the fault."""
    return _middle([_round(trial) for _ in range(_ROUNDS)])


def measure_again(trial: Trial, before: Throughput) -> Throughput:
    """Measure after the fault, until enough goes through again, for half a minute at most."""
    rounds = [_round(trial) for _ in range(_ROUNDS)]
    while (after := _middle(rounds[-_ROUNDS:])).per_s < ENOUGH * before.per_s and len(rounds) < _MOST_ROUNDS:
        rounds.append(_round(trial))
    return after


def empty_jobs_per_s(trial: Trial) -> float:
    """Return how many jobs without work go through a second: the median of some rounds."""
    return median(_empty_round(trial) for _ in range(_ROUNDS))


def _middle(rounds: list[Throughput]) -> Throughput:
    return Throughput(median(one.per_s for one in rounds), median(one.cpu_ms for one in rounds))


def _round(trial: Trial) -> Throughput:
    used = _cpu_s(trial.rig)
    ends = _ends(trial, _JOBS, MS)
    # At both ends of a round some processes have no work: the tenths there say nothing.
    first, last = len(ends) // 10, len(ends) * 9 // 10
    return Throughput(
        per_s=(last - first) / (ends[last] - ends[first]),
        cpu_ms=(_cpu_s(trial.rig) - used) / _JOBS * 1000,
    )


def _empty_round(trial: Trial) -> float:
    began = sink.now()
    return _EMPTY / (_ends(trial, _EMPTY, 0)[-1] - began)


def _ends(trial: Trial, jobs: int, ms: int) -> list[float]:
    """Send jobs and return when each was done, in order."""
    began = sink.now()
    trial.send(jobs=jobs, ms=ms, kinds=("plain",))
    trial.await_done(began, PATIENCE_S * 2)
    return sorted(line.at for line in trial.rig.sink.since(began, "done"))


def _cpu_s(rig: Rig) -> float:
    """Return the seconds of processor time that the rig used so far, those of ended children too."""
    used = 0.0
    for process in _family(rig):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def _family(rig: Rig) -> Iterator[psutil.Process]:
    roots = [psutil.Process(process.pid) for process in rig.processes.values() if process.is_alive]
    servers = [rig.postgres.process(), rig.valkey.process()]
    for root in [*roots, *(server for server in servers if server is not None)]:
        yield root
        yield from root.children(recursive=True)
