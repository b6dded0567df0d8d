"""The worker's side of the ledger: register before the first fork, beat, watch the children, stop softly.

Celery's own hooks do not run when a process is killed, and its main loop blocks while
it shuts down; an operating-system thread sees both.
"""

import logging
import os
import socket
import threading
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast

from celery import bootsteps
from celery.apps.worker import Worker
from celery.apps.worker import (  # type: ignore[attr-defined]  # missing from the stubs
    install_worker_term_hard_handler as end_softly_on,
)
from celery.signals import worker_init
from celery.worker import WorkController
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import process, transitions, workers
from apps.jobs.children import ChildWatch

if TYPE_CHECKING:
    from celery.concurrency.base import BasePool

log = logging.getLogger("backline.worker")

_LOOK_EVERY_MS = 250  # for dead children and for the next beat
_LAST_SESSIONS_S = 2.0  # what is left then, the keeper finds


class LedgerWorker(Worker):
    """A Celery worker whose soft shutdown ends as soon as its jobs have."""

    is_draining = False

    def install_platform_tweaks(self, worker: WorkController) -> None:
        """Make SIGTERM a soft shutdown: jobs that end soon may end, the rest is handed back.

        Celery's SIGTERM would wait for the longest job.
        """
        super().install_platform_tweaks(worker)
        end_softly_on(worker, sig="SIGTERM", exitcode=0)

    def wait_for_soft_shutdown(self) -> None:  # type: ignore[override]  # the stubs promise a bool
        """Let running jobs end for a while; Celery would always sleep the whole time."""
        self.is_draining = True
        give_up_at = monotonic() + self.app.conf.worker_soft_shutdown_timeout
        while monotonic() < give_up_at and self._may_still_run_jobs():
            sleep(0.2)

    def _may_still_run_jobs(self) -> bool:
        try:
            return workers.running_on(process.worker_id()) > 0
        except (DatabaseError, InterfaceError) as error:  # an error in here would make Celery wait for ever
            log.warning("the database is away (%s); nobody can tell what still runs", error)
            connection.close()
            return True


class LedgerStep(bootsteps.StartStopStep):
    """Start and stop the thread that speaks for this worker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: LedgerWorker, **kwargs: object) -> None:
        """Belong to one worker."""
        super().__init__(worker, **kwargs)
        self._voice = Voice(worker)

    def start(self, worker: LedgerWorker) -> None:  # noqa: ARG002  # Celery's signature
        """Begin to beat."""
        self._voice.start()

    def stop(self, worker: LedgerWorker) -> None:  # noqa: ARG002
        """Say goodbye after a warm shutdown, in which every job ended."""
        self._voice.stop()

    def terminate(self, worker: LedgerWorker) -> None:
        """Say goodbye after a soft or cold one: end the children, then hand back what they ran."""
        worker.is_draining = True
        cast("BasePool", worker.pool).terminate()
        self._voice.stop()


class Voice(threading.Thread):
    """Beat for the whole worker, and free a killed child's jobs at once."""

    def __init__(self, worker: LedgerWorker) -> None:
        super().__init__(name="ledger-voice", daemon=True)
        self._worker = worker
        self._leave = threading.Event()
        self._beat_at = 0.0

    def run(self) -> None:
        """Look at the children four times a second, beat every few seconds, until told to stop."""
        children = ChildWatch(self._worker)
        while not self._leave.is_set():
            try:
                for pid in children.deaths(_LOOK_EVERY_MS):
                    self._take_back(pid)
                self._beat(children)
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s); the next beat tries again", error)
                connection.close()
                self._leave.wait(1)
        connection.close()

    def stop(self) -> None:
        """Stop beating, hand back what still runs, and sign off."""
        self._leave.set()
        if self.is_alive():
            self.join(timeout=2)
        try:
            self._hand_back()
            workers.sign_off(process.worker_id())
        except (DatabaseError, InterfaceError) as error:
            log.warning("could not sign off (%s); the keeper finds out by itself", error)

    def _hand_back(self) -> None:
        """Give back everything; a child that just ended may hold its row for a moment longer."""
        give_up_at = monotonic() + _LAST_SESSIONS_S
        transitions.hand_back(process.worker_id())
        while workers.running_on(process.worker_id()) and monotonic() < give_up_at:
            sleep(0.1)
            transitions.hand_back(process.worker_id())

    def _take_back(self, pid: int) -> None:
        if self._worker.is_draining:
            freed = transitions.hand_back(process.worker_id(), pid)
        else:
            freed = transitions.rescue_child(
                process.worker_id(), pid, max_deaths=settings.BACKLINE_MAX_DEATHS
            )
        if freed:
            log.warning("process %d ended; took back %s", pid, ", ".join(map(str, freed)))

    def _beat(self, children: ChildWatch) -> None:
        if monotonic() - self._beat_at < settings.BACKLINE_HEARTBEAT_S:
            return
        workers.beat(process.worker_id())
        self._beat_at = monotonic()
        # whose death nobody saw: a child that did not live for one look, or died while the database was away
        for pid in workers.processes_running_on(process.worker_id()) - children.pids() - {os.getpid()}:
            self._take_back(pid)


@worker_init.connect(weak=False)
def _register(sender: Any, **_: object) -> None:
    """Write this worker down before its first child is forked, so that children inherit its id."""
    queues = [queue.name for queue in sender.app.amqp.queues.consume_from.values()]
    concurrency = sender.concurrency if isinstance(sender.concurrency, int) else os.cpu_count() or 1
    process.set_worker_id(
        workers.sign_on(
            name=sender.hostname, hostname=socket.gethostname(), queues=queues, concurrency=concurrency
        )
    )
    connection.close()  # a connection must not cross the fork
