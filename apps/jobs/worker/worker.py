"""The worker's side of the ledger: register before the first fork, have a voice, stop softly."""

import gc
import logging
import os
import socket
import threading
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from celery import bootsteps
from celery.apps.worker import Worker, on_hard_shutdown  # type: ignore[attr-defined]  # missing from the stubs
from celery.concurrency import prefork, solo
from celery.signals import worker_before_create_process, worker_init
from celery.worker import WorkController, state
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created

from apps.jobs import health, process
from apps.jobs.running import coroutines, holding, interrupt, metrics, slate
from apps.jobs.sessions import watch
from apps.jobs.worker import (  # noqa: F401  # four are only loaded
    child_signals,
    inherited,
    registration,
    remote,
    sessions,
    shutdown,
)
from apps.jobs.worker.guard import Guard
from apps.jobs.worker.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery.concurrency.base import BasePool
    from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger("backline.worker")

_CHECK_INTERVAL = (
    "SELECT set_config('client_connection_check_interval', '2s', false) WHERE pg_backend_pid() = %s"
)
watch.ours.add(_CHECK_INTERVAL)  # it changes no result


class LedgerWorker(Worker):
    """A Celery worker that shuts down within a time; see ``shutdown``."""

    is_draining = False
    # missing from the stubs
    hostname: str
    concurrency: int
    consumer: Any
    _isatty: bool

    def on_start(self) -> None:
        """Register after the signal handlers are installed and before the pool forks.

        Not by a handler of `worker_init`: Celery logs what that raises and starts all the same.
        """
        super().on_start()
        _register(self)

    def install_platform_tweaks(self, worker: WorkController) -> None:
        """Replace Celery's handlers of the signals that end or restart a worker: they set no deadline."""
        super().install_platform_tweaks(worker)
        shutdown.listen(self)

    def is_at_terminal(self) -> bool:
        """Return whether a terminal controls this worker."""
        return bool(self._isatty)

    def drain(self) -> None:
        """Set the deadline of what runs, once."""
        if not self.is_draining:
            self.is_draining = True
            self._set_deadline(monotonic() + self.app.conf.worker_soft_shutdown_timeout)

    def hurry(self) -> None:
        """End what runs now."""
        self.is_draining = True
        self._set_deadline(monotonic())

    def is_expired(self) -> bool:
        """Return whether the deadline of what runs has passed."""
        shared = slate.current()
        return shared is not None and monotonic() >= shared.deadline() > 0

    def expire(self) -> None:
        """End what runs in this very process at the deadline; the children of a pool have a voice for that.

        In `solo` that is an exception in the body. No exception ends a thread, nor the loop of a coroutine:
        there the process ends, after its channels gave back what they had prefetched.
        """
        is_started = getattr(self, "pool", None) is not None
        if not self.is_expired() or not is_started or _has_children(self):
            return
        if _is_solo(self) and not coroutines.is_running():
            on_hard_shutdown(self)
        if (connection := self.consumer.connection) is not None:
            with suppress(*connection.connection_errors, *connection.channel_errors):
                connection.close()
        os._exit(getattr(state, "should_stop", None) or 0)

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        """Shut down; a remote command and errors come here without a signal of ours."""
        self.drain()
        super().stop(in_sighandler, exitcode)

    def _set_deadline(self, at: float) -> None:
        if (shared := slate.current()) is not None:
            shared.set_deadline(at)


class LedgerStep(bootsteps.StartStopStep):
    """Start and stop the thread that speaks for this worker."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: LedgerWorker, **kwargs: object) -> None:
        """Belong to one worker."""
        super().__init__(worker, **kwargs)
        self._hostname = str(getattr(worker, "hostname", ""))
        self._speaker: Voice | Guard

    def start(self, worker: LedgerWorker) -> None:
        """Begin to beat, and to answer where somebody may ask."""
        if not process.is_worker():  # a WorkController of another class, as Celery's own for tests
            _share_memory()
            _register(worker)
        if _has_children(worker):
            self._speaker = voice = Voice(worker)
            voice.start()
            self._serve(voice)
        else:
            if threading.current_thread() is threading.main_thread():
                interrupt.listen()  # before its guard may send a cancel
            self._speaker = Guard(has_threads=not _is_solo(worker), serve=self._serve)
            self._speaker.start()

    def stop(self, worker: LedgerWorker) -> None:
        """Wait for the pool, whose tasks end by themselves or at the deadline; then hand back their jobs."""
        self._hand_back_after(cast("BasePool", worker.pool).stop, worker)

    def terminate(self, worker: LedgerWorker) -> None:
        """End the pool now; then hand back what it ran.

        Threads are waited for, as `terminate` ends none of them: the guard ends this process at the deadline.
        """
        if isinstance(worker, LedgerWorker):  # not Celery's own for tests
            worker.hurry()
        pool = cast("BasePool", worker.pool)
        self._hand_back_after(pool.terminate if _has_children(worker) else pool.stop, worker)

    def _hand_back_after(self, end_pool: "Callable[[], object]", worker: LedgerWorker) -> None:
        """End the pool, then hand back its jobs: also after an error, where the voice kills what is left.

        An error in a pool without children leaves that to the guard, when this process is dead.
        """
        try:
            end_pool()
        except BaseException:
            if _has_children(worker):
                self._speaker.stop()
            raise
        self._speaker.stop()

    def _serve(self, voice: Voice) -> None:
        """Answer for this worker over HTTP, in the process of its voice."""
        if settings.BACKLINE_WORKER_HTTP:
            counts = metrics.current()
            health.answer(
                settings.BACKLINE_WORKER_HTTP,
                trouble=voice.trouble,
                metrics=lambda: metrics.text(self._hostname, counts, voice.gauges()),
            )


def _has_children(worker: object) -> bool:
    """Return whether jobs run in processes of the pool."""
    return isinstance(getattr(worker, "pool", None), prefork.TaskPool)


def _is_solo(worker: object) -> bool:
    """Return whether jobs run in the worker's main thread."""
    return isinstance(getattr(worker, "pool", None), solo.TaskPool)


@worker_init.connect(weak=False)
def _share_memory(**_: object) -> None:
    """Make what the children inherit with their fork."""
    slate.set_current(slate.Slate())
    holding.set_current(holding.Holding())
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
    """Have the server look whether a long query's client still lives: what is killed must not work on.

    Not in a session of a pooler, which shows another process than it told its client: others get it next.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHECK_INTERVAL, [connection.connection.info.backend_pid])
