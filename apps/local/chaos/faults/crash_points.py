"""A process dies at every labelled point of a job's life."""

from collections import Counter
from pathlib import Path

from apps.jobs.crash_points import POINTS
from apps.local.chaos.trial import Broken, Trial

_PATIENCE_S = 20.0
_OF_A_MAIN_PROCESS = ("enqueue", "publish", "relay", "rescue", "replay")
_LETTERS = "SELECT count(*) FROM jobs_dead_letter WHERE job_id = ANY (%s::uuid[])"
_REPLAYED = 10  # at two a second: the keeper is at it for a while


def sweep(trial: Trial) -> None:
    """Arm every point in turn and wait until a process died there (F27)."""
    passed, replayed = [], list[str]()
    for point in POINTS:
        _make_room(trial, point)
        replayed += _begin_replay(trial) if point.startswith("replay") else []
        armed = trial.rig.crash_points / point
        armed.touch()
        _lead_to(trial, point)
        _await_death(trial, armed)
        _go_on(trial, point)
        passed.append(point)
    _await_second_lives(trial, replayed)
    trial.note(f"{len(passed)}/{len(POINTS)} points")


def _make_room(trial: Trial, point: str) -> None:
    """Let everything drain before a point of the producer: past a line nothing is published straight."""
    if point.startswith(("enqueue", "publish")):
        trial.end_load()
        trial.drain()
        trial.begin_load()


def _await_death(trial: Trial, armed: Path) -> None:
    trial.rig.until(lambda: not armed.exists(), f"a process dies at {armed.name}", _PATIENCE_S)


def _lead_to(trial: Trial, point: str) -> None:
    """Make happen what passes the point: the relay and the rescue have nothing to do while all is well."""
    if point.startswith("relay"):
        trial.kill_child()
    if point.startswith("rescue"):
        worker = trial.rig.processes["worker1"]
        trial.kill_at_work(worker)
        trial.rig.ask(
            "UPDATE jobs_worker SET heartbeat_at = now() - interval '1 minute' WHERE pid = %s", worker.pid
        )


def _go_on(trial: Trial, point: str) -> None:
    """Start what died, as a supervisor would, and see that jobs end; a worker starts its children itself."""
    if point.startswith(_OF_A_MAIN_PROCESS):
        names = trial.rig.names
        trial.rig.until(lambda: not all(trial.rig.processes[name].is_alive for name in names), "its end", 5)
    trial.revive()
    trial.progress(3)


def _begin_replay(trial: Trial) -> list[str]:
    """Let jobs die and begin to replay them; return them."""
    ids = trial.send_each("doomed", [{}] * _REPLAYED)
    trial.forgiven |= set(ids)
    trial.rig.until(lambda: trial.rig.value(_LETTERS, ids) == _REPLAYED, "jobs died")
    replayer = trial.rig.start("replayer")
    replayer.tell(" ".join(ids))
    trial.rig.until(lambda: not replayer.is_alive, "the replay has begun")
    return ids


def _await_second_lives(trial: Trial, ids: list[str]) -> None:
    """See that each replayed job got one more life, and no job two."""
    trial.rig.until(lambda: 1 not in _times_begun(trial, ids), "every replayed job ran again")
    trial.drain()
    if (times := _times_begun(trial, ids)) != {2}:
        raise Broken(f"replayed jobs ran {sorted(times)} times instead of twice")


def _times_begun(trial: Trial, ids: list[str]) -> set[int]:
    begun = Counter(line.job for line in trial.rig.sink.lines("begun"))
    return {begun[job] for job in ids}
