"""The thread that ends processes: at the limit of their job, and at the deadline of a shutdown.

It asks no database, so that neither a silent PostgreSQL nor the session of a body delays it.
"""

import logging
import signal
import threading
from collections.abc import Callable, Collection
from time import monotonic

from apps.jobs.running.slate import Slate
from apps.jobs.worker.enforce import Enforcer

log = logging.getLogger("backline.worker")

_LOOK_EVERY_S = 0.25
_UNWIND_S = 2.0  # between SIGTERM and SIGKILL, for the `finally` blocks of bodies


class Deadlines(threading.Thread):
    """Look at the running processes four times a second."""

    def __init__(
        self,
        slate: Slate,
        enforcer: Enforcer,
        *,
        processes: Callable[[], Collection[int]],
        send: Callable[[int, signal.Signals], bool],
    ) -> None:
        super().__init__(name="deadlines", daemon=True)
        self._slate = slate
        self._enforcer = enforcer
        self._processes = processes
        self._send = send
        self._leave = threading.Event()
        self._asked: set[int] = set()

    def run(self) -> None:
        """Look until stopped."""
        while not self._leave.wait(_LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                log.exception("one look at the deadlines failed")

    def stop(self) -> None:
        """End this thread."""
        self._leave.set()

    def look(self) -> None:
        """End what is over its time."""
        processes = self._processes()
        self._enforcer.end_overdue(processes)
        deadline = self._slate.deadline()
        if not deadline or monotonic() < deadline:
            return
        if monotonic() < deadline + _UNWIND_S:
            self._ask(processes)
            return
        for pid in processes:
            self._send(pid, signal.SIGKILL)

    def _ask(self, processes: Collection[int]) -> None:
        """Send SIGTERM once: billiard takes the second for a process that hangs while it ends."""
        for pid in set(processes) - self._asked:
            if self._send(pid, signal.SIGTERM):
                self._asked.add(pid)
