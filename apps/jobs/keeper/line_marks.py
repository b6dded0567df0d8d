"""Marks in the lines: rows that the relay removed stay in the index while an old snapshot is held."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from time import monotonic

from apps.jobs import sql

_EVERY = 5000  # jobs of a queue; reading over as many removed rows takes a part of a millisecond
_CHEAP_S = 0.005
_REST_FACTOR = 10  # reading all lines from their start may take this part of the relay's time
_LONGEST_REST_S = 10.0  # a job before its mark waits no longer for the next look at whole lines
_SLOW_REST_S = 1.0
_MOVED_AT_ONCE = 20  # marks, each with a statement: there may be thousands of queues


class LineMarks:
    """Marks of all queues, moved now and then: each write leaves a version of its row beside an old snapshot.

    A row that enters a line before its mark is found by the next look at the whole line.
    """

    def __init__(self) -> None:
        self._removed: Counter[str] = Counter()  # by queue, jobs since its mark was moved
        self._whole_at = self._slow_at = 0.0

    @property
    def may_read_all(self) -> bool:
        """Return whether the next look at the lines begins at their start: always, unless that is slow."""
        return monotonic() >= self._whole_at

    def read_all(self, found: Iterable[str], took_s: float) -> None:
        """Record the queues and the duration of a look at the whole lines; move marks if it was long."""
        self._removed.update(dict.fromkeys(found, 0))
        if took_s < _CHEAP_S:
            return
        now = monotonic()
        self._whole_at = now + min(took_s * _REST_FACTOR, _LONGEST_REST_S)
        if now >= self._slow_at:
            self._slow_at = now + _SLOW_REST_S
            for queue in list(islice(self._removed, _MOVED_AT_ONCE)):
                self._move(queue)

    def removed(self, queue: str, jobs: int) -> None:
        """Count jobs that left a line; move its mark after each few thousand."""
        self._removed[queue] += jobs
        if self._removed[queue] >= _EVERY:
            self._move(queue)

    def show(self, queue: str) -> None:
        """Point the mark at a job that waits before it, so that new jobs queue up behind that job."""
        self._move(queue, search_all=True)

    def _move(self, queue: str, *, search_all: bool = False) -> None:
        self._removed.pop(queue, None)
        self._removed[queue] = 0  # behind the others: marks move by turns
        sql.run("mark_line", {"queue": queue, "search_all": search_all})
