"""The worker's side of the ledger: register before the first fork, have a voice, stop softly."""

import gc
import logging
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import TYPE_CHECKING, cast

from celery import bootsteps
from celery.apps.worker import Worker
from celery.apps.worker import (  # type: ignore[attr-defined]  # missing from the stubs
    install_worker_term_hard_handler as end_softly_on,
)
from celery.concurrency import solo
from celery.signals import worker_before_create_process, worker_init
from celery.worker import WorkController
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.backends.signals import connection_created

from apps.jobs import health, process
from apps.jobs.running import metrics, slate
from apps.jobs.worker import (  # noqa: F401  # three are only loaded
    inherited,
    registration,
    remote,
    sessions,
    workers,
)
from apps.jobs.worker.voice import Voice

if TYPE_CHECKING:
    from celery.concurrency.base import BasePool
    from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger("backline.worker")


class LedgerWorker(Worker):
    """A Celery worker whose soft shutdown ends as soon as its jobs have."""

    is_draining = False
    # missing from the stubs
    pool_cls: "type[BasePool]"
    hostname: str
    concurrency: int

    def on_start(self) -> None:
        """Register after the signal handlers are installed and before the pool forks.

        Not by a handler of `worker_init`: Celery logs what that raises and starts all the same.
        """
        super().on_start()
        _register(self)

    def install_platform_tweaks(self, worker: WorkController) -> None:
        """Make SIGTERM a soft shutdown: jobs that end soon may end, the rest is handed back.

        Celery's SIGTERM would wait for the longest job.
        """
        super().install_platform_tweaks(worker)
        end_softly_on(worker, sig="SIGTERM", exitcode=0)

    def wait_for_soft_shutdown(self) -> None:  # type: ignore[override]  # the stubs promise a bool
        """Let running jobs end for a while; Celery would always sleep the whole time.

        A signal handler calls it: a job in this very thread cannot go on until it returns.
        """
        if self.pool_cls is solo.TaskPool or not process.is_worker():
            return
        self.is_draining = True
        give_up_at = monotonic() + self.app.conf.worker_soft_shutdown_timeout
        while monotonic() < give_up_at and self._may_still_run_jobs():
            sleep(0.2)

    def _may_still_run_jobs(self) -> bool:
        """Ask over another thread's session: the signal may have come in the middle of a statement here."""
        with ThreadPoolExecutor(1) as asker:
            return asker.submit(_may_run_jobs, process.worker_id()).result()


def _may_run_jobs(worker_id: int) -> bool:
    try:
        return workers.running_on(worker_id) > 0
    except (DatabaseError, InterfaceError) as error:  # an error in here would make Celery wait for ever
        log.warning("the database is away (%s); nobody can tell what still runs", error)
        return True
    finally:
        connection.close()


class LedgerStep(bootsteps.StartStopStep):
    """Start and stop the thread that speaks for this worker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: LedgerWorker, **kwargs: object) -> None:
        """Belong to one worker."""
        super().__init__(worker, **kwargs)
        self._voice = Voice(worker)
        self._counts = metrics.current()

    def start(self, worker: LedgerWorker) -> None:
        """Begin to beat, and to answer where somebody may ask."""
        if not process.is_worker():  # a WorkController of another class, as Celery's own for tests
            _register(worker)
        self._voice.start()
        if settings.BACKLINE_WORKER_HTTP:
            health.answer(
                settings.BACKLINE_WORKER_HTTP,
                trouble=self._voice.trouble,
                metrics=lambda: metrics.text(
                    str(getattr(worker, "hostname", "")), self._counts, self._voice.gauges()
                ),
            )

    def stop(self, worker: LedgerWorker) -> None:  # noqa: ARG002  # Celery's signature
        """Say goodbye after a warm shutdown, in which every job ended."""
        self._voice.stop()

    def terminate(self, worker: LedgerWorker) -> None:
        """Say goodbye after a soft or cold one: end the children, then hand back what they ran."""
        worker.is_draining = True
        cast("BasePool", worker.pool).terminate()
        self._voice.stop()


@worker_init.connect(weak=False)
def _share_memory(**_: object) -> None:
    """Make what the children inherit with their fork."""
    slate.set_current(slate.Slate())
    metrics.set_current(metrics.Counts())
    connection_created.connect(_end_queries_with_their_client, dispatch_uid="worker")


def _register(worker: LedgerWorker) -> None:
    """Register this worker before its first child is forked, so that children inherit its id."""
    queues = [queue.name for queue in worker.app.amqp.queues.consume_from.values()]
    concurrency = worker.concurrency if isinstance(worker.concurrency, int) else os.cpu_count() or 1
    registration.start(
        lambda: registration.register(
            name=worker.hostname, hostname=socket.gethostname(), queues=queues, concurrency=concurrency
        )
    )
    connection.close()  # a connection must not cross the fork


@worker_before_create_process.connect(weak=False)
def _freeze_what_all_share(**_: object) -> None:
    """Keep the garbage collector off everything that was loaded before the first fork.

    Celery collects before each fork: with a project's modules that held up the whole worker, also its voice,
    for a third of a second after each death. The children share more memory, too.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()


def _end_queries_with_their_client(connection: "BaseDatabaseWrapper", **_: object) -> None:
    """Have the server look whether a long query's client still lives: what is killed must not work on."""
    with connection.cursor() as cursor:
        cursor.execute("SET client_connection_check_interval = '2s'")
