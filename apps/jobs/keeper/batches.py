"""Start jobs whose batch has ended: a duty of the keeper."""

from uuid import UUID

from django.db import transaction

from apps.jobs import sql, transitions
from apps.jobs.states import UNTIL_ITS_BATCH_ENDED
from apps.jobs.stretch import at_a_stretch

_BATCHES = 200
_JOBS = 2000  # of each, at a look: a big one takes several
_ROWS = 20_000  # of all, at a look
_TRIES = 5  # to tell those that wait for a job: two and a half minutes, then it is not waited for

_FIRST = UUID(int=0)


def end_batches() -> int:
    """Put jobs in line that waited for others, all of which have ended; return how many.

    A batch is forgotten in the transaction in which its job starts: it starts once, and no death loses it.
    """
    return at_a_stretch(_look)


def _look() -> tuple[int, bool]:
    """Look once; return how many jobs it started, and whether there is more to look at."""
    params = {
        "batches": _BATCHES,
        "jobs": _JOBS,
        "rows": _ROWS,
        "first": _FIRST,
        "tries": _TRIES,
        "until": UNTIL_ITS_BATCH_ENDED,
    }
    with transaction.atomic():
        looked = sql.run("ended_batches", params)
        starts = [job_id for job_id, _, still_sleeps in looked if still_sleeps]
        has_more = len(looked) == _BATCHES or any(comes_at_once for _, comes_at_once, _ in looked)
        return len(transitions.release_now(starts)) if starts else 0, has_more
