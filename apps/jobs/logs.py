"""Ordinary logging inside a job becomes lines of the job's log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import sql, storable

LONGEST_LINE = 2000
MOST_LINES = 2000  # of one attempt; past that one line says so and the rest is left to the process's own log


class JobLog:
    """The lines of one attempt on their way to the ledger."""

    def __init__(self, job_id: UUID, attempt: int) -> None:
        self._job_id = job_id
        self._attempt = attempt
        self._lines: list[tuple[datetime, str, str]] = []
        self._taken = 0

    def add(self, level: str, message: str, at: datetime) -> None:
        """Keep one line until the next flush."""
        self._taken += 1
        if self._taken > MOST_LINES:
            return
        if self._taken == MOST_LINES:
            level, message = "warning", f"The log ends here: more than {MOST_LINES} lines in one attempt."
        self._lines.append((at, level, storable.clean(message[:LONGEST_LINE])))

    def flush(self) -> None:
        """Write the kept lines, outside any transaction of the job; losing them must not fail the job."""
        if not self._lines or connection.in_atomic_block:
            return
        lines, self._lines = self._lines, []
        at, level, message = (list(column) for column in zip(*lines, strict=True))
        params = {
            "job_id": self._job_id,
            "attempt": self._attempt,
            "at": at,
            "level": level,
            "message": message,
        }
        try:
            sql.run("append_log", params)
        except (DatabaseError, InterfaceError):
            logging.getLogger("backline.jobs").exception(
                "%d log lines of job %s lost", len(lines), self._job_id
            )


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


@contextmanager
def captured(log: JobLog) -> Iterator[JobLog]:
    """Send what the block logs to the job's log as well, and write it down at the end."""
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
    token = _current.set(log)
    try:
        yield log
    finally:
        _current.reset(token)
        log.flush()
