"""Which worker this process belongs to; set in the main process, inherited by its children at fork."""

import os

_worker_id: int | None = None
_main_pid: int | None = None


class NotAWorker(RuntimeError):  # noqa: N818
    """This process never registered as a worker."""


def set_worker_id(worker_id: int) -> None:
    """Remember the row of this worker, before the first child is forked."""
    global _worker_id, _main_pid  # one worker a process, for its whole life
    _worker_id, _main_pid = worker_id, os.getpid()


def main_pid() -> int:
    """Return the worker's main process, also in a child or the guard of a worker."""
    return _main_pid or os.getpid()


def is_worker() -> bool:
    """Say whether this process belongs to a worker."""
    return _worker_id is not None


def worker_id() -> int:
    """Return the row of the worker that this process belongs to."""
    if _worker_id is None:
        raise NotAWorker("A job was claimed outside a worker. Start one: celery -A config worker")
    return _worker_id
