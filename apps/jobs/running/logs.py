"""Ordinary logging inside a job becomes lines of the job's log."""

import logging
from asyncio import _get_running_loop  # get_running_loop would raise
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import sql, storable
from apps.lib import redact
from apps.lib.log_lines import OneLine

LONGEST_LINE = 2000
MOST_LINES = 2000  # of one attempt; past that one line says so and the rest is left to the process's own log


Line = tuple[UUID, int, datetime, str, str]  # job, attempt, moment, level, text


class JobLog:
    """The lines of one attempt on their way to the ledger."""

    def __init__(self, job_id: UUID, attempt: int, *, at_once: bool = False) -> None:
        """Keep lines until a flush, or write each ``at_once``: of a job that may kill this process."""
        self._job_id = job_id
        self._attempt = attempt
        self._at_once = at_once
        self._lines: list[Line] = []
        self._taken = 0

    def add(self, level: str, message: str, at: datetime) -> None:
        """Keep one line."""
        self._taken += 1
        if self._taken > MOST_LINES:
            return
        if self._taken == MOST_LINES:
            level, message = "warning", f"The log ends here: more than {MOST_LINES} lines in one attempt."
        text = redact.start_of(storable.clean(message), LONGEST_LINE)
        self._lines.append((self._job_id, self._attempt, at, level, text))
        if self._at_once:
            self.flush()

    def flush(self) -> None:
        """Write the kept lines, outside any transaction of the job; losing them must not fail the job."""
        write([self])

    def take(self) -> list[Line]:
        """Hand over the kept lines."""
        lines, self._lines = self._lines, []
        return lines


def write(job_logs: Sequence[JobLog]) -> None:
    """Write what the logs of several jobs keep, in one statement, outside any transaction of theirs."""
    if _get_running_loop() is not None or connection.in_atomic_block:
        return  # kept: no statement may hold up an event loop
    lines = [line for job_log in job_logs for line in job_log.take()]
    if not lines:
        return
    names = ("job_id", "attempt", "at", "level", "message")
    params = {name: list(column) for name, column in zip(names, zip(*lines, strict=True), strict=True)}
    try:
        sql.run("append_log", params)
    except (DatabaseError, InterfaceError):
        logging.getLogger("backline.jobs").exception("%d log lines lost", len(lines))


_current: ContextVar[JobLog | None] = ContextVar("job_log", default=None)


class _ToJobLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = _current.get()
        if log is None or record.name.startswith(("django.db", "backline.jobs")):
            return
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001  # as every handler: a line that cannot be told must not fail its job
            self.handleError(record)
        else:
            log.add(record.levelname.lower(), text, datetime.fromtimestamp(record.created, UTC))


_handler = _ToJobLog(level=logging.INFO)
_handler.setFormatter(OneLine())
_root = logging.getLogger()


def _listen() -> None:
    """Hear what jobs say, however quiet the process's own log should be: Celery's default is warnings."""
    if _root.level > _handler.level:
        for other in _root.handlers:
            other.setLevel(max(other.level, _root.level))
        _root.setLevel(_handler.level)
    _root.addHandler(_handler)


class captured:  # noqa: N801  # it is used like a function; a generator would cost a small job three times as much
    """Send what the block logs to the job's log as well."""

    __slots__ = ("_log", "_outer")

    def __init__(self, log: JobLog) -> None:
        self._log = log

    def __enter__(self) -> JobLog:
        """Begin to listen."""
        if _handler not in _root.handlers:
            _listen()
        self._outer = _current.set(self._log)
        return self._log

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        _current.reset(self._outer)
