"""Distinguish the exception that ends this process from one that a job's body raised.

Billiard raises SystemExit in a pool's child on SIGTERM; Celery raises WorkerTerminate in a worker's main
thread at a hard shutdown. A body can raise both by itself: only those of a signal's handler end a process.
"""

import traceback

from billiard.common import terminate_handler_fired  # type: ignore[attr-defined]  # missing from the stubs
from celery.exceptions import WorkerTerminate


def ends_process(error: BaseException) -> bool:
    """Return whether a signal handler asked this process to end; its jobs are then handed back.

    In a child any exception counts after the signal: cleanup code may have replaced the SystemExit.
    """
    if terminate_handler_fired():
        return True
    pending = [error]
    while pending:
        inner = pending.pop()
        # type(), not isinstance: a class may override __class__ with code that raises
        if issubclass(type(inner), BaseExceptionGroup):
            pending.extend(BaseExceptionGroup.exceptions.__get__(inner))
        elif _is_hard_shutdown(inner):
            return True
    return False


def _is_hard_shutdown(error: BaseException) -> bool:
    if not issubclass(type(error), WorkerTerminate):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and frames[-1].f_globals.get("__name__") == "celery.apps.worker"
