"""A process beside a worker that runs jobs in its own process: the pools of threads and `solo`.

A body that holds the lock of Python's interpreter stops every thread of its process. So the heartbeat,
limits, cancels and the deadline of a shutdown belong to a process of their own, as the main process is for
the children of a pool of processes. It outlives its worker until the jobs of the dead one are free.
"""

import logging
import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from celery.worker import state
from django.db import connections

from apps.jobs.running import slate
from apps.jobs.worker import inherited
from apps.jobs.worker.children import ChildWatch
from apps.jobs.worker.voice import Voice

log = logging.getLogger("backline.worker")

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_STARTS_WITHIN_S = 5.0
_ENDS_WITHIN_S = 10.0
_FREES_WITHIN_S = 600.0  # while the database is away; then the keeper frees the jobs, and charges them
_DEATH_IS_SEEN_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.1


class Guard:
    """The guard of this process."""

    def __init__(self, *, has_threads: bool, serve: Callable[[Voice], None]) -> None:
        """Prepare it; ``serve`` starts what answers over HTTP for this worker."""
        self._has_threads = has_threads
        self._serve = serve
        self._pid = 0
        self._stop = -1  # closed when the guard may end
        self._ends = False

    def start(self) -> None:
        """Fork it, and return when it has beaten: before, the death of this process would not be seen."""
        connections.close_all()
        parent = os.getpid()
        ended, self._stop = os.pipe()
        began, begin = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._stop)
                self._watch(parent, ended, begin)
            except BaseException:
                log.exception("the guard of worker process %d failed", parent)
            finally:
                os._exit(0)
        os.close(ended)
        os.close(begin)
        select.select([began], [], [], _STARTS_WITHIN_S)
        os.close(began)
        threading.Thread(target=self._follow, name="guard", daemon=True).start()

    def stop(self) -> None:
        """Let it hand back what is left and sign off; nothing may run in this process any more."""
        self._ends = True
        with suppress(OSError):  # the guard is dead
            os.write(self._stop, b".")  # an end of file alone is the death of this process
        os.close(self._stop)
        give_up_at = monotonic() + _ENDS_WITHIN_S
        while self._lives() and monotonic() < give_up_at:
            threading.Event().wait(0.05)

    def _lives(self) -> bool:
        with suppress(ProcessLookupError):
            os.kill(self._pid, 0)
            return True
        return False

    def _follow(self) -> None:
        """End this process when its guard died: nobody would see its jobs hang or its own death."""
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        if not self._ends:
            log.critical("the guard of this worker died; ending the worker, its jobs go on elsewhere")
            os.kill(os.getpid(), signal.SIGKILL)

    def _watch(self, parent: int, ended: int, begin: int) -> None:
        """Be the guard until the worker's process ended or asks to end."""
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        inherited.let_go()
        watch = ProcessWatch(parent, has_threads=self._has_threads)
        voice = Voice(_Guarded(), watch)
        voice.start()
        self._serve(voice)
        os.write(begin, b".")
        while not watch.has_ended() and not select.select([ended], [], [], _LOOK_EVERY_S)[0]:
            if getattr(state, "should_terminate", None):  # by the registration: another worker has its id
                os.kill(parent, signal.SIGKILL)
        if not watch.has_ended() and not os.read(ended, 1):
            _await(
                watch.has_ended, _DEATH_IS_SEEN_WITHIN_S
            )  # Linux closes its files before its pidfd is ready
        give_up_at = monotonic() + _FREES_WITHIN_S
        while watch.has_ended() and not voice.has_freed_the_dead() and monotonic() < give_up_at:
            threading.Event().wait(_LOOK_EVERY_S)
        voice.stop()


def _await(condition: Callable[[], bool], seconds: float) -> None:
    until = monotonic() + seconds
    while not condition() and monotonic() < until:
        threading.Event().wait(0.01)


class ProcessWatch(ChildWatch):
    """One process that is no child of this one."""

    def __init__(self, pid: int, *, has_threads: bool) -> None:
        super().__init__(_Guarded())
        self._pid = pid
        self.has_threads = has_threads
        self._has_ended = False

    def pids(self) -> set[int]:
        """Return it while it lives."""
        return set() if self._has_ended else {self._pid}

    def has_ended(self) -> bool:
        """Return whether its end was seen."""
        return self._has_ended

    def end_all(self) -> None:
        """Leave it alone: when its guard is asked to stop, it ends by itself."""

    def is_frozen(self) -> bool:
        """Return whether it was stopped by SIGSTOP or a debugger: then its jobs make no progress."""
        with suppress(OSError):
            return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
        return False

    def _replace(self) -> None:
        self._has_ended = True


class _Guarded:
    """A worker as its voice knows it, seen from another process."""

    pool = None
    hub = None

    @property
    def is_draining(self) -> bool:
        """Return whether what it held is handed back."""
        shared = slate.current()
        return shared is not None and shared.deadline() > 0
