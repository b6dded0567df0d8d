"""SIGTERM in a child of the pool: for the child alone, or for the whole group of processes.

systemd and process managers signal every process of a service. Then the parent shuts down warmly, and its
children must run their tasks to the end: they end when the parent asks them, at the deadline.
"""

import signal
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep
from types import FrameType

from celery import current_task
from celery.concurrency import asynpool

from apps.jobs.running import slate
from apps.jobs.task import JobTask

_PARENT_SETS_DEADLINE_WITHIN_S = 1.0
_BEFORE_HARD_LIMIT_KILLS_S = 0.05  # billiard sends SIGKILL 0.1 s after its SIGTERM
_LOOK_EVERY_S = 0.01

Handler = Callable[[int, FrameType | None], object]


class Child(asynpool.Worker):
    """A child of the pool that outlives a SIGTERM to the whole group."""

    def on_loop_start(self, pid: int) -> None:
        """Replace billiard's handler, which is installed after every signal of Celery's for a new child."""
        end = signal.getsignal(signal.SIGTERM)
        if callable(end):  # not ignored, as with REMAP_SIGTERM
            signal.signal(signal.SIGTERM, partial(_on_terminate, end))
        super().on_loop_start(pid)


asynpool.AsynPool.Worker = Child


def _on_terminate(end: Handler, number: int, frame: FrameType | None) -> None:
    """Go on while the parent shuts down and its deadline has not passed; end otherwise."""
    goes_on = False
    try:
        goes_on = _is_before_deadline()
    finally:  # a time limit may be raised while it waits
        if not goes_on:
            end(number, frame)


def _is_before_deadline() -> bool:
    """Wait a moment for a deadline: the parent may handle the same signal later than this process."""
    shared = slate.current()
    if shared is None:
        return False
    give_up_at = monotonic() + _patience()
    while not shared.deadline() and monotonic() < give_up_at:
        sleep(_LOOK_EVERY_S)
    return monotonic() < shared.deadline()


def _patience() -> float:
    """Return how long to wait: less where Celery's hard limit may have sent the signal."""
    task = current_task
    if not task or isinstance(task, JobTask):
        return _PARENT_SETS_DEADLINE_WITHIN_S
    of_call = (task.request.timelimit or (None, None))[0]
    has_limit = of_call or task.time_limit or task.app.conf.task_time_limit
    return _BEFORE_HARD_LIMIT_KILLS_S if has_limit else _PARENT_SETS_DEADLINE_WITHIN_S
