"""A process dies at every labelled point of a job's life."""

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from apps.jobs.crash_points import POINTS
from apps.local.chaos.trial import Broken, Trial

_PATIENCE_S = 40.0
_OF_A_MAIN_PROCESS = ("enqueue", "publish", "relay", "rescue", "replay", "handback")
IN_A_CHILD = tuple(point for point in POINTS if not point.startswith(_OF_A_MAIN_PROCESS))
_TOGETHER = ("settle", "retry", "bury")
_LETTERS = "SELECT count(*) FROM jobs_dead_letter WHERE job_id = ANY (%s::uuid[])"
_REPLAYED = 10  # at two a second: the keeper is at it for a while
_SOME = 4  # one dies on the way, the others come by after it
_LONG_MS = 12_000  # longer than a worker that stops waits for its jobs


def sweep(trial: Trial, points: Sequence[str] = POINTS) -> None:
    """Arm every point in turn and wait until a process died there (F27)."""
    passed, replayed = 0, list[str]()
    for group in _groups(points):
        point = group[0]
        _make_room(trial, point)
        replayed += _begin_replay(trial) if point.startswith("replay") else []
        armed = [trial.rig.crash_points / one for one in group]
        for file in armed:
            file.touch()
        _lead_to(trial, point)
        for file in armed:
            _await_death(trial, file)
        _go_on(trial, point)
        passed += len(group)
    _await_second_lives(trial, replayed)
    trial.note(f"{passed}/{len(points)} points")


def _groups(points: Sequence[str]) -> Iterator[list[str]]:
    """Yield the points of one family together where the same jobs lead to all of them, else each alone."""
    for family, group in groupby(points, key=lambda point: point.split(".")[0]):
        if family in _TOGETHER:
            yield list(group)
        else:
            yield from ([point] for point in group)


def _make_room(trial: Trial, point: str) -> None:
    """Let everything drain before a point of the producer: past a line nothing is published straight."""
    if point.startswith(("enqueue", "publish")):
        trial.end_load()
        trial.drain()
        trial.begin_load()


def _await_death(trial: Trial, armed: Path) -> None:
    trial.rig.until(lambda: not armed.exists(), f"a process dies at {armed.name}", _PATIENCE_S)


def _lead_to(trial: Trial, point: str) -> None:
    """Make happen what passes the point, where the load does not: nobody fails, stops or dies in it."""
    match point.split(".", maxsplit=1)[0]:
        case "relay":
            trial.kill_child()
        case "rescue":
            _kill_worker(trial)
        case "retry":
            trial.other_side_is_down(True)
            trial.send_each("flaky", [{}] * _SOME)
        case "bury":
            trial.may_die |= set(trial.send_each("doomed", [{}] * _SOME))
        case "settle":
            _enqueue_chains(trial)
        case "handback":
            _stop_worker(trial)


def _kill_worker(trial: Trial) -> None:
    worker = trial.rig.processes["worker1"]
    trial.kill_at_work(worker)
    trial.rig.ask(
        "UPDATE jobs_worker SET heartbeat_at = now() - interval '1 minute' WHERE pid = %s", worker.pid
    )


def _enqueue_chains(trial: Trial) -> None:
    process = trial.rig.start("chains")
    process.tell(str(_SOME))
    trial.rig.until(lambda: process.exit_code == 0, "the chains are enqueued")
    mine = [line for line in trial.rig.sink.lines("kept") if line.pid == process.pid]
    trial.may_die |= {line.job for line in mine if line.kind == "chaos.doomed"}


def _stop_worker(trial: Trial) -> None:
    """Tell a worker to stop that is in the middle of a job which will not end in time."""
    long = set(trial.send_each("plain", [{"ms": _LONG_MS}] * _SOME))
    worker = trial.rig.processes["worker1"]

    def is_at_it() -> bool:
        mine = worker.pids()
        return any(pid in mine and line.job in long for pid, line in trial.rig.sink.working().items())

    trial.rig.until(is_at_it, "the worker is in the middle of a long job")
    worker.signal_main(signal.SIGTERM)


def _go_on(trial: Trial, point: str) -> None:
    """Start what died, as a supervisor would, and see that jobs end; a worker starts its children itself."""
    if point.startswith(_OF_A_MAIN_PROCESS):
        names = trial.rig.names
        trial.rig.until(lambda: not all(trial.rig.processes[name].is_alive for name in names), "its end", 5)
    trial.other_side_is_down(False)
    trial.revive()
    trial.progress(3)


def _begin_replay(trial: Trial) -> list[str]:
    """Let jobs die and begin to replay them; return them."""
    ids = trial.send_each("doomed", [{}] * _REPLAYED)
    trial.may_die |= set(ids)
    trial.rig.until(lambda: trial.rig.value(_LETTERS, ids) == _REPLAYED, "jobs died")
    replayer = trial.rig.start("replayer")
    replayer.tell(" ".join(ids))
    trial.rig.until(lambda: not replayer.is_alive, "the replay has begun")
    return ids


def _await_second_lives(trial: Trial, ids: list[str]) -> None:
    """See that each replayed job got one more life, and no job two."""
    trial.rig.until(lambda: 1 not in _times_begun(trial, ids), "every replayed job ran again")
    trial.drain()
    if ids and (times := _times_begun(trial, ids)) != {2}:
        raise Broken(f"replayed jobs ran {sorted(times)} times instead of twice")


def _times_begun(trial: Trial, ids: list[str]) -> set[int]:
    begun = Counter(line.job for line in trial.rig.sink.lines("begun"))
    return {begun[job] for job in ids}
