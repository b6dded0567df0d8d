"""See a worker's child processes die, within milliseconds.

A pidfd is readable as soon as its process can be reaped. Celery's own sentinel pipe closes
earlier than that, finds nobody dead, and looks again only after five seconds.
"""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from typing import Protocol

_DEATH_TAKES_S = 5.0  # at most, after SIGKILL: a process may be in the middle of a system call


class Pooled(Protocol):
    """A worker with a pool of processes, as Celery builds it."""

    @property
    def pool(self) -> object:
        """Return Celery's pool, once it is there."""

    @property
    def hub(self) -> object:
        """Return Celery's event loop, once it is there."""


class ChildWatch:
    """The children of one worker's pool."""

    has_threads = False  # each runs one job at a time

    def __init__(self, worker: Pooled) -> None:
        self._worker = worker
        self._poll = select.poll()
        self._lock = threading.Lock()  # around descriptors: the thread of the deadlines sends signals as well
        self._pid_of: dict[int, int] = {}
        self._told: set[int] = set()  # the dead that still stand in Celery's list, until its main loop looks

    def pids(self) -> set[int]:
        """Return the ids of the processes that the pool counts as its own."""
        processes = getattr(getattr(self._worker.pool, "_pool", None), "_pool", ())
        return {process.pid for process in list(processes) if isinstance(getattr(process, "pid", None), int)}

    def deaths(self, wait_ms: int) -> Iterator[int]:
        """Yield the ids of processes that died, waiting at most this long; have each replaced at once."""
        yield from self._watch_new_ones()
        for fd, _ in self._poll.poll(wait_ms):
            with self._lock:
                pid = self._pid_of.pop(fd)
                self._poll.unregister(fd)
                os.close(fd)
            self._told.add(pid)
            self._replace()
            yield pid

    def send(self, pid: int, number: signal.Signals) -> bool:
        """Signal a child that lives, by its pidfd; return False for one that is not watched yet, or dead."""
        with self._lock:  # a closed descriptor's number may be another child's
            fd = next((fd for fd, watched in self._pid_of.items() if watched == pid), None)
            if fd is None:
                return False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, number)
                return True
        return False

    def end_all(self) -> None:
        """Kill those that still live, and wait until they are dead: then their jobs can be handed back."""
        for pid in self.pids():
            self.send(pid, signal.SIGKILL)
        give_up_at = monotonic() + _DEATH_TAKES_S
        while self._pid_of and monotonic() < give_up_at:
            for _ in self.deaths(wait_ms=100):
                pass

    def is_frozen(self) -> bool:
        """Return whether all of it stands still; this process beats, so it does not."""
        return False

    def _watch_new_ones(self) -> Iterator[int]:
        there = self.pids()
        self._told &= there
        for pid in there - self._told - set(self._pid_of.values()):
            try:
                fd = os.pidfd_open(pid)
            except ProcessLookupError:
                self._told.add(pid)
                self._replace()
                yield pid
            else:
                with self._lock:
                    self._pid_of[fd] = pid
                self._poll.register(fd, select.POLLIN)

    def _replace(self) -> None:
        """Have the main loop start another child now; by itself it would take five seconds."""
        pool = getattr(self._worker.pool, "_pool", None)
        maintain, call_soon = (
            getattr(pool, "maintain_pool", None),
            getattr(self._worker.hub, "call_soon", None),
        )
        if maintain is not None and call_soon is not None:
            call_soon(maintain)
