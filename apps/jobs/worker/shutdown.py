"""Begin a worker's shutdown, whatever asked for it: a signal, a remote command or an error.

Each is Celery's warm shutdown with a deadline: no task starts any more, and running tasks, jobs or not, have
`worker_soft_shutdown_timeout` to end. Then their processes are ended (see ``deadlines``), and only after that
their jobs are handed back: no job ever runs beside the attempt that was interrupted.
"""

import atexit
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Protocol

from billiard.process import current_process
from celery import platforms, signals
from celery.apps.worker import (  # type: ignore[attr-defined]  # missing from the stubs
    EX_FAILURE,
    EX_OK,
    in_sighandler,
    safe_say,
)
from celery.signals import worker_process_init
from celery.worker import state

if TYPE_CHECKING:
    from types import FrameType

_PARENT = os.getpid()  # this is loaded before the first fork
_EXIT_CODES = {"SIGTERM": EX_OK, "SIGINT": EX_FAILURE, "SIGQUIT": EX_FAILURE}  # as Celery's


class Stoppable(Protocol):
    """A worker that can be asked to shut down."""

    hostname: str

    def is_at_terminal(self) -> bool:
        """Return whether a terminal controls it."""

    @property
    def is_draining(self) -> bool:
        """Return whether it already shuts down."""

    def drain(self) -> None:
        """Set the deadline of its running tasks."""

    def hurry(self) -> None:
        """Move the deadline to now."""

    def is_expired(self) -> bool:
        """Return whether the deadline has passed."""

    def expire(self) -> None:
        """End what runs in the worker's own process, if the deadline has passed."""


def listen(worker: Stoppable) -> None:
    """Install the handlers of the signals that end a worker."""
    for name in _EXIT_CODES:
        platforms.signals[name] = partial(_on_signal, worker, name)
    if not worker.is_at_terminal():  # closing a terminal's window must not start a worker behind it
        platforms.signals["SIGHUP"] = partial(_on_hangup, worker)


def _on_signal(worker: Stoppable, name: str, _signal: int, _frame: "FrameType | None") -> None:
    """Begin at the first signal; a further SIGINT or SIGQUIT ends running tasks now, a SIGTERM does not.

    The first may come twice, to the process and to its group.
    """
    if current_process().name != "MainProcess":
        return
    with in_sighandler():
        if worker.is_draining:
            if not worker.is_expired():  # a SIGTERM after the deadline comes from the guard
                atexit.unregister(_start_again)
            if name != "SIGTERM":
                worker.hurry()
            worker.expire()
            return
        try:
            worker.drain()
            safe_say("worker: shutting down; a further Ctrl+C ends running tasks at once")
            signals.worker_shutting_down.send(
                sender=worker.hostname, sig=name, how="Warm", exitcode=_EXIT_CODES[name]
            )
        finally:
            state.should_stop = _EXIT_CODES[name]


def _on_hangup(worker: Stoppable, _signal: int, _frame: "FrameType | None") -> None:
    """Shut down as on SIGTERM, and then start again in the same process.

    Celery's own handler sets no deadline, and cannot start again what `python -m celery` started.
    """
    if current_process().name != "MainProcess" or worker.is_draining:
        return
    atexit.register(_start_again)
    _on_signal(worker, "SIGTERM", _signal, _frame)


def _start_again() -> None:
    """Replace this process by a new run of its own command."""
    platforms.close_open_fds({0, 1, 2})
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # what started this process


@worker_process_init.connect(weak=False)
def _leave_the_terminal_to_the_parent(**_: object) -> None:
    """Ignore in a child what a terminal sends to the whole group; Celery does so for SIGINT alone."""
    if os.getpid() != _PARENT:
        for number in (signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
