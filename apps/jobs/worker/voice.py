"""The thread that speaks for a worker: it beats, frees what dead children held, enforces limits and cancels.

A thread of the operating system, since Celery's main loop blocks while it shuts down, and its hooks do not
run when a process is killed. What needs no database comes first in each look: it works while that is away.
"""

import logging
import os
import select
import threading
from time import monotonic, sleep
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import crash_points, process, transitions
from apps.jobs.database_away import is_away
from apps.jobs.running import holding, slate
from apps.jobs.worker import registration, workers
from apps.jobs.worker.children import ChildWatch, Pooled
from apps.jobs.worker.deadlines import Deadlines
from apps.jobs.worker.enforce import Enforcer
from apps.jobs.worker.lost_child import bury_child
from apps.jobs.worker.reconcile import Reconciler

log = logging.getLogger("backline.worker")

_LOOK_EVERY_MS = 250  # for dead children, overdue jobs, cancels, and the next beat
# Between failed looks: a lost session is replaced at once, before the keeper takes its free lock for a death.
_RESTS_S = (0.0, 0.1, 0.3, 1.0)
_FIRST_WORD_S = 2.0  # while the database is away a worker starts all the same
_LAST_SESSIONS_S = 2.0  # what is left then, the keeper finds


class Speaking(Pooled, Protocol):
    """A worker that can say whether it is shutting down."""

    @property
    def is_draining(self) -> bool:
        """Say whether what its children hold is handed back."""


class Voice(threading.Thread):
    """Look at the children four times a second, beat every few seconds, until told to stop."""

    def __init__(self, worker: Speaking, watch: ChildWatch | None = None) -> None:
        """Speak for a worker; ``watch`` sees its processes, by default those of its pool."""
        super().__init__(name="ledger-voice", daemon=True)
        self._worker = worker
        self._leave = threading.Event()
        self._spoke = threading.Event()
        self._children = watch or ChildWatch(worker)
        self._slate = slate.current() or slate.Slate()
        self._enforcer = Enforcer(
            self._slate, self._children.send, kills_for_cancel=not self._children.has_threads
        )
        self._deadlines = Deadlines(
            self._slate, self._enforcer, processes=self._children.pids, send=self._children.send
        )
        self._reconciler = Reconciler()
        self._lost: set[int] = set()  # dead children whose jobs are not all free yet
        self._deaths = 0
        self._failures = 0  # of looks, one after another
        self._beat_at = 0.0  # 0: due at once
        self._heard_at = monotonic()  # by the ledger
        self._session: object = None  # the one that holds this worker's lock

    def start(self) -> None:
        """Begin, and return when the ledger has heard of this worker: before, nobody would see it die."""
        super().start()
        self._deadlines.start()
        self._spoke.wait(_FIRST_WORD_S)

    def run(self) -> None:
        """Look and beat until told to stop."""
        while not self._leave.is_set():
            is_steady = self._spoke.is_set() and not self._failures
            died = set(self._children.deaths(_LOOK_EVERY_MS if is_steady else 0))
            died |= self._died_unseen()
            self._lost |= died
            self._deaths += len(died)
            try:
                self._look()
                self._failures = 0
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s); the next heartbeat tries again", error)
                connection.close()
                self._beat_at = 0.0
                self._rest_after_failure()
            except Exception:  # a worker without a voice would be taken for dead
                log.exception("one look at the children failed")
                self._rest_after_failure()
        connection.close()

    def stop(self) -> None:
        """Stop beating, hand back what still runs, and sign off."""
        self._leave.set()
        self._deadlines.stop()
        if self.is_alive():
            self.join(timeout=2)
        self._children.end_all()
        try:
            self._hand_back()
            workers.sign_off(process.worker_id())
        except (DatabaseError, InterfaceError) as error:
            log.warning("could not sign off (%s); the keeper finds out by itself", error)

    def has_freed_the_dead(self) -> bool:
        """Return whether a process died and its jobs are free."""
        return self._deaths > 0 and not self._lost

    def trouble(self) -> str:
        """Say why this worker is not well; nothing when the ledger heard of it lately."""
        silence = monotonic() - self._heard_at
        if silence < settings.BACKLINE_DEAD_AFTER_S:
            return ""
        return f"The ledger has not heard of this worker for {silence:.0f} s."

    def gauges(self) -> dict[str, tuple[str, float]]:
        """Return what is so now, for the metrics."""
        return {
            "jobs_running": ("Processes that are in a job.", self._enforcer.running(self._mine())),
            "processes": ("Processes that may run jobs.", len(self._mine())),
            "processes_lost": ("Processes that died since the start.", self._deaths),
            "processes_killed": ("Of these: for a limit or a cancel.", self._enforcer.killed),
            "heartbeat_age_seconds": ("Since the ledger last heard of it.", monotonic() - self._heard_at),
        }

    def _rest_after_failure(self) -> None:
        self._leave.wait(_RESTS_S[min(self._failures, len(_RESTS_S) - 1)])
        self._failures += 1

    def _look(self) -> None:
        for pid in sorted(self._lost):
            self._free(pid)
        self._beat()  # before what can wait: with a database that is seconds away each question delays it
        self._enforcer.end_cancelled(self._mine())

    def _died_unseen(self) -> set[int]:
        """Return who died in a job before this thread watched it: within its first quarter of a second."""
        shown = {entry.pid for entry in self._slate.entries()}
        return {pid for pid in shown - self._mine() - self._lost if not _lives(pid)}

    def _mine(self) -> set[int]:
        """Return the processes that may run jobs."""
        return self._children.pids()

    def _free(self, pid: int) -> None:
        """Free what a dead child held; what is locked by its last session stays for the next look."""
        worker_id = process.worker_id()
        if self._worker.is_draining:
            freed = transitions.hand_back(worker_id, pid)
        else:
            freed = self._bury(worker_id, pid)
        if freed:
            log.warning("process %d ended; took back %s", pid, ", ".join(map(str, freed)))
        if not workers.held_by(worker_id, pid):
            self._lost.discard(pid)
            self._slate.forget(pid)
            self._enforcer.forget(pid)

    def _bury(self, worker_id: int, pid: int) -> list[UUID]:
        entries, sentence = self._slate.entries_of(pid), self._enforcer.sentence_of(pid)
        if len(entries) > 1 and sentence is None:  # threads: any of their jobs may have been the killer
            return transitions.rescue_child(worker_id, pid, max_deaths=settings.BACKLINE_MAX_DEATHS)
        last = sentence.entry if sentence and sentence.entry in entries else next(iter(entries), None)
        try:
            return bury_child(worker_id, pid, last=last, sentence=sentence)
        except Exception as error:  # whatever it is, the jobs have to come free
            if is_away(error):
                raise
            log.exception("cannot say what became of the jobs of process %d; each is charged its death", pid)
            return transitions.rescue_child(worker_id, pid, max_deaths=settings.BACKLINE_MAX_DEATHS)

    def _beat(self) -> None:
        if monotonic() - self._beat_at < settings.BACKLINE_HEARTBEAT_S and not _hung_up():
            return
        if self._children.is_frozen():
            return
        worker_id = process.worker_id()
        if not workers.beat(worker_id, has_lock=self._holds_lock()):
            registration.renew()
        self._beat_at = self._heard_at = monotonic()
        self._spoke.set()
        self._compare_with_ledger(worker_id)

    def _compare_with_ledger(self, worker_id: int) -> None:
        in_hand = holding.current().messages()
        running = workers.jobs_running_on(worker_id)
        alive = self._children.pids()
        # whose death nobody saw: a child that did not live for one look, or died while the database was away
        self._lost |= {row.pid for row in running} - alive
        if not self._worker.is_draining:
            self._reconciler.take_back_lost([row for row in running if row.pid in alive], before=in_hand)

    def _holds_lock(self) -> bool:
        """Hold this worker's lock in this session: the keeper sees it go when the process dies."""
        if self._session is None or self._session is not connection.connection:
            self._session = connection.connection if workers.lock(process.worker_id()) else None
        return self._session is not None

    def _hand_back(self) -> None:
        """Give back everything; a child that just ended may hold its row for a moment longer."""
        give_up_at = monotonic() + _LAST_SESSIONS_S
        crash_points.reached("handback.before")
        transitions.hand_back(process.worker_id())
        while workers.running_on(process.worker_id()) and monotonic() < give_up_at:
            sleep(0.1)
            transitions.hand_back(process.worker_id())
        crash_points.reached("handback.after")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # another account has its number by now
        return False
    return True


def _hung_up() -> bool:
    """Say whether the server ended this thread's session: an idle one has nothing to tell but that."""
    raw = connection.connection
    if raw is None or raw.closed:
        return True
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    return bool(poll.poll(0))
