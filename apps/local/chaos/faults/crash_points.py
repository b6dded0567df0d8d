"""A process dies at every labelled point of a job's life."""

from pathlib import Path

from apps.jobs.crash_points import POINTS
from apps.local.chaos.trial import Trial

_PATIENCE_S = 20.0
_OF_A_MAIN_PROCESS = ("enqueue", "publish", "relay", "rescue")


def sweep(trial: Trial) -> None:
    """Arm every point in turn and wait until a process died there (F27)."""
    passed = []
    for point in POINTS:
        _make_room(trial, point)
        armed = trial.rig.crash_points / point
        armed.touch()
        _lead_to(trial, point)
        _await_death(trial, armed)
        _go_on(trial, point)
        passed.append(point)
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
        trial.working_pid(worker)
        trial.kill(worker)
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
