"""Workers are told to stop, politely and then not."""

import signal
import time

from apps.local.chaos.trial import Trial

_LONG_MS = 10_000
_LONG_JOBS = 14  # some are left for the third worker that is stopped
_PATIENCE_S = 45.0


def told_to_stop(trial: Trial) -> None:
    """Stop a worker in the middle of long jobs with SIGTERM, SIGQUIT, and SIGTERM then SIGKILL (F04)."""
    trial.end_load()
    trial.drain()
    trial.send(jobs=_LONG_JOBS, ms=_LONG_MS, kinds=("plain",))
    for numbers in ((signal.SIGTERM,), (signal.SIGQUIT,), (signal.SIGTERM, signal.SIGKILL)):
        worker = trial.rig.processes["worker0"]
        trial.working_pid(worker)
        began = time.monotonic()
        for number in numbers[:-1]:
            worker.signal_main(number)
            trial.hold(1)
        if numbers[-1] == signal.SIGKILL:
            trial.kill(worker)
        else:
            worker.signal_main(numbers[-1])
        if not worker.wait(_PATIENCE_S):
            trial.note(f"it did not end {_PATIENCE_S:.0f} s after {numbers[-1].name}")
            trial.kill(worker)
        trial.note(
            f"{'+'.join(number.name for number in numbers)}: ended after {time.monotonic() - began:.1f} s"
        )
        trial.restart("worker0")
