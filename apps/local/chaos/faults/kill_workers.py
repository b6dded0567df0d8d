"""Workers are killed: one child, a whole worker, its main process only, one after the other, all at once."""

from apps.local.chaos.cables import DOWN
from apps.local.chaos.process import alive, gone
from apps.local.chaos.rig import WORKERS, NotInTime
from apps.local.chaos.trial import Broken, Trial

_POPPED = 150  # bytes: an answer this long carries a message
_IDLE_S = 20.0


def children(trial: Trial) -> None:
    """Kill a child in the middle of its job, ten times (F01)."""
    for _ in range(10):
        trial.kill_child()
        trial.progress(3)


def blind_and_cut(trial: Trial) -> None:
    """Kill a worker as soon as it works, and cut its line while the broker's answer is under way (F02)."""
    cable = trial.rig.cable("worker0", "broker")
    swallowed = 0
    for _ in range(8):
        cable.blackhole(DOWN)
        try:
            trial.rig.until(lambda: cable.held(DOWN) > _POPPED, "a popped message is under way", 10)
            swallowed += 1
        except NotInTime:
            trial.note("its neighbour took every message")
        finally:
            cable.reset()
            cable.mend()
        trial.progress(1)
    for _ in range(3):
        worker = trial.rig.processes["worker0"]
        trial.working_pid(worker)
        trial.kill(worker)
        trial.restart("worker0")
    trial.note(f"{swallowed} popped messages never arrived, 3 blind kills")


def main_process(trial: Trial) -> None:
    """Kill the main process of a worker; its children are orphans (F03)."""
    worker = trial.rig.processes["worker0"]
    trial.working_pid(worker)
    orphans = worker.pids() - {worker.pid}
    trial.kill(worker, main_only=True)
    trial.restart("worker0")
    trial.end_load()
    if gone(orphans, 20):
        trial.note(f"{len(orphans)} orphans, none left")
    else:
        raise Broken(f"I12: {len(alive(orphans))} of {len(orphans)} orphans are left after 20 s")


def one_after_the_other(trial: Trial) -> None:
    """Kill one of the two workers every few seconds (F05)."""
    for _ in range(4):
        name = trial.random.choice(WORKERS)
        worker = trial.rig.processes[name]
        trial.working_pid(worker)
        trial.kill(worker)
        trial.restart(name)
        trial.progress(10)


def all_at_once(trial: Trial) -> None:
    """Kill every worker and come back later (F06)."""
    for worker in trial.rig.workers():
        trial.kill(worker)
    trial.hold(_IDLE_S)
    for name in WORKERS:
        trial.restart(name)
    trial.note(f"first job {trial.progress(1):.1f} s after the restart, {_IDLE_S:.0f} s after the kill")
