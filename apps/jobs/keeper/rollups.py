"""Roll-ups for charts: what was enqueued and what ended in each minute, later in each hour.  Two duties."""

from time import monotonic

from django.conf import settings

from apps.jobs import sql
from apps.jobs.keeper.sober_clock import earliest_now

_AT_A_STRETCH_S = 0.5  # then the other upkeep has its turn
_AT_ONCE = 10_000
_REST_FACTOR = 50
_FOR_EVER_DAYS = 36_500


class RollUp:
    """Count at each call, but keep the database busy for no more than a fiftieth of the time."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def __call__(self) -> int:
        """Count, unless it rests; return how many numbers are new."""
        started = monotonic()
        if started < self._rests_until:
            return 0
        written = roll_up()
        self._rests_until = monotonic() + (monotonic() - started) * _REST_FACTOR
        return written


def roll_up(*, stretch_s: float = _AT_A_STRETCH_S) -> int:
    """Count the next minutes, up to the current one if there is time; return how many numbers are new.

    After an outage that are the minutes which nobody counted; else the last three, again, or all in which a
    transaction wrote jobs that only now ended.
    """
    started, written = monotonic(), 0
    while True:
        [(oldest,)] = sql.run("oldest_writer", {})
        [(is_current, more)] = sql.run("roll_up", {"days": _days(), "oldest": oldest})
        written += int(more)
        if is_current or monotonic() > started + stretch_s:
            return written


def merge() -> int:
    """Fold minutes older than two days into hours, forget hours older than any job; return how many rows."""
    [(moved,)] = sql.run("merge_rollups", {"now": earliest_now(), "days": _days(), "batch": _AT_ONCE})
    return int(moved)


def _days() -> int:
    return int(settings.BACKLINE_JOB_DAYS) or _FOR_EVER_DAYS
