"""What a job costs the database, by PostgreSQL's own statistics."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from apps.local.bench.jobs import Span, ask

_SETTLE_S = 1.5  # until other sessions' statistics are in

_WRITES = """
SELECT sum(n_tup_upd), sum(n_tup_hot_upd), sum(n_dead_tup) FROM pg_stat_user_tables
 WHERE relname LIKE 'jobs\\_%%'
"""


@dataclass(frozen=True, slots=True)
class Meter:
    """The database's counters at one moment."""

    wal_bytes: float
    commits: int
    updates: int
    hot_updates: int
    dead: int

    @classmethod
    def read(cls) -> "Meter":
        """Read the counters; those of other sessions lag by up to a second."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        wal = float(ask("SELECT pg_current_wal_lsn() - '0/0'")[0])
        commits = int(ask("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")[0])
        updates, hot, dead = ask(_WRITES)
        return cls(wal, commits, int(updates or 0), int(hot or 0), int(dead or 0))

    def per_job(self, later: "Meter", jobs: int) -> dict[str, float]:
        """Return what each of so many jobs cost between two readings."""
        updates = max(1, later.updates - self.updates)
        return {
            "wal_bytes_per_job": round((later.wal_bytes - self.wal_bytes) / jobs),
            "commits_per_job": round((later.commits - self.commits) / jobs, 3),
            "dead_tuples_per_job": round((later.dead - self.dead) / jobs, 2),
            "hot_ratio": round((later.hot_updates - self.hot_updates) / updates, 2),
        }


def weighed(jobs: int, *, warm_up: int, through: Callable[[int], tuple[float, Span]]) -> dict[str, float]:
    """Return how fast so many jobs went through after some to warm up, and what each cost the database.

    ``through`` enqueues a number of jobs; it returns the seconds that took, and how they went.
    """
    through(warm_up)
    time.sleep(_SETTLE_S)
    before = Meter.read()
    enqueue_s, span = through(jobs)
    time.sleep(_SETTLE_S)
    return {
        "jobs": jobs,
        "enqueue_per_s": round(jobs / enqueue_s),
        "end_to_end_per_s": round(jobs / span.seconds),
        **before.per_job(Meter.read(), jobs),
    }
