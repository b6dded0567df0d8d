"""How long jobs of each kind take, measured where they run: bundles are sized to it."""

import os
from time import monotonic

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import sql

_WRITE_EVERY_S = 1.0

_kept: dict[str, tuple[float, int]] = {}  # seconds and jobs, by kind, since the last write
_written_at = 0.0
_pid = os.getpid()


def remember(kind: str, *, seconds: float, jobs: int) -> None:
    """Add to a kind's average; it is written about once a second, and losing it costs nothing."""
    global _written_at, _pid  # noqa: PLW0603  # one memory a process
    if _pid != os.getpid():
        _pid, _written_at = os.getpid(), 0.0
        _kept.clear()
    kept_s, kept_jobs = _kept.get(kind, (0.0, 0))
    _kept[kind] = kept_s + seconds, kept_jobs + jobs
    if monotonic() - _written_at < _WRITE_EVERY_S or connection.in_atomic_block:
        return
    _written_at = monotonic()
    measured = dict(_kept)
    _kept.clear()
    try:
        for name, (total_s, count) in sorted(measured.items()):
            sql.run("pace", {"kind": name, "seconds": total_s, "jobs": count})
    except (DatabaseError, InterfaceError):
        connection.close()
