"""The registration of a worker: before its first message, and again whenever its row is gone."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep

from celery.platforms import EX_FAILURE
from celery.worker import state
from django.conf import settings
from django.db import Error, connection
from psycopg.types.json import Jsonb

from apps.jobs import process, registry, sql, unmigrated
from apps.jobs.database_away import is_away

log = logging.getLogger("backline.worker")

_LARGEST_ID = 2**31 - 1  # jobs_job.worker_id is an integer
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Registration:
    """One start of one worker, under an id of its own."""

    name: str
    hostname: str
    queues: Sequence[str]
    concurrency: int
    # Drawn at random: a sequence restored from a backup would issue the ids of live workers again.
    worker_id: int = field(default_factory=lambda: secrets.randbelow(_LARGEST_ID) + 1)
    started_at: float = field(default_factory=monotonic)

    def write(self) -> bool:
        """Insert the row; return False when another worker has this id."""
        row = {
            "id": self.worker_id,
            "name": self.name,
            "hostname": self.hostname,
            "pid": process.main_pid(),
            "queues": list(self.queues),
            "concurrency": self.concurrency,
            "age_s": monotonic() - self.started_at,
            "version": settings.BACKLINE_VERSION,
            "kinds": registry.names(),
            "reads": Jsonb(registry.versions()),
        }
        return bool(sql.run("register_worker", row))


_current: Registration | None = None


def register(*, name: str, hostname: str, queues: Sequence[str], concurrency: int) -> Registration:
    """Register a worker under an id that no row has."""
    while True:
        registration = Registration(name, hostname, queues, concurrency)
        if registration.write():
            return registration


def start(register_this: Callable[[], Registration]) -> None:
    """Register the worker of this process; wait for a database that is away, exit on any other error."""
    global _current  # noqa: PLW0603  # one worker a process, for its whole life
    pause = _FIRST_PAUSE_S
    while True:
        try:
            unmigrated.refuse()
            _current = register_this()
        except Error as error:
            connection.close()
            if not is_away(error):
                log.critical("This worker cannot register: %s. Correct this and start it again.", error)
                raise SystemExit(EX_FAILURE) from error
            log.warning("not registered, the database is away (%s); next try in %.1f s", error, pause)
            _wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        else:
            process.set_worker_id(_current.worker_id)
            return


def renew() -> None:
    """Insert the missing row of this worker again, after a restore or a deletion, under the same id.

    Its children inherited the id with their fork, and what they run names it.
    """
    if _current is None:
        return
    if _current.write():
        log.warning("the row of this worker was missing; registered again as worker %d", _current.worker_id)
    else:
        log.critical("worker id %d belongs to another worker; this one stops", _current.worker_id)
        state.should_terminate = EX_FAILURE  # type: ignore[assignment]  # the stubs know no exit code


def _wait(seconds: float) -> None:
    """Wait, unless the worker is told to stop."""
    until = monotonic() + seconds
    while monotonic() < until:
        state.maybe_shutdown()
        sleep(0.1)
