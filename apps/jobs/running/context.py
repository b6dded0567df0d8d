"""Context: what a job function may ask of the platform while it runs."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import BinaryIO, TypeVar
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from apps.jobs import registry, sql, storable
from apps.jobs.enqueuing.batch import batch
from apps.jobs.origin import current, origin
from apps.jobs.outcomes import CancelRequested, LeaseLost
from apps.jobs.running import artifacts, effects, in_threads
from apps.jobs.running.rate import Rate
from apps.jobs.states import State
from apps.jobs.transitions import Claim
from apps.lib import redact

T = TypeVar("T")

_EVERY_S = 0.5  # between two words of progress; a person cannot read faster


class Context:
    """One attempt of one job, as its function sees it."""

    def __init__(
        self,
        claim: Claim,
        *,
        cursor: dict[str, object] | None = None,
        after_commit: Callable[[], None] = lambda: None,
    ) -> None:
        """Speak for one claim; ``cursor`` is what its last checkpoint saved."""
        self.cursor = cursor  # where to go on after a kill or a deploy; None at the first start
        self.log = logging.getLogger(f"jobs.{claim.kind}")
        self._claim = claim
        self._after_commit = after_commit
        self._rate = Rate()
        self._spoke_at = 0.0

    @property
    def job_id(self) -> UUID:
        """Return the id of the job."""
        return self._claim.id

    @property
    def attempt(self) -> int:
        """Return how often the job was started, this time included."""
        return self._claim.attempt

    def checkpoint(
        self, cursor: dict[str, object], *, done: int, total: int | None = None, note: str = ""
    ) -> None:
        """Save where to go on, in the caller's transaction, together with what made it true.

        Call it as the last statement of a block under ``transaction.atomic``. Raise LeaseLost when a rescue
        took the job away, CancelRequested when a person asked it to stop: either rolls the block back.
        """
        if not connection.in_atomic_block:
            raise RuntimeError("checkpoint() belongs inside transaction.atomic(), with what it vouches for.")
        self._speak("checkpoint", done, total, note, cursor=Jsonb(cursor))
        self.cursor = cursor
        transaction.on_commit(self._after_commit)

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far the job got; at most twice a second reaches the ledger.

        Raise LeaseLost or CancelRequested, as checkpoint does.
        """
        if monotonic() - self._spoke_at < _EVERY_S:
            return
        self._speak("progress", done, total, note)
        if not connection.in_atomic_block:
            self._after_commit()

    def track(self, items: Iterable[T], total: int | None = None, note: str = "") -> Iterator[T]:
        """Yield the items, say how far the job got, and stop at a cancel.

        ``total`` is counted where the items can be; else nobody knows it.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        done = 0
        for item in items:
            self.progress(done, total, note)
            yield item
            done += 1
        self._speak("progress", done, total, note)

    def effect(
        self, key: str, do: Callable[[], object], *, undone_by: tuple[type[Exception], ...] = ()
    ) -> object:
        """Do something outside the database once, and return its receipt, which is JSON; see ``effects``.

        The key names it among all jobs of this kind: what is done, and to whom. Outcomes of finished
        neighbours are written before, so that nothing this does can make them run again.
        """
        return effects.once(self._claim, key, do, undone_by=undone_by)

    def artifact(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file that the job leaves for people; it can be seen once the block ended well.

        A second one of the same name, from a later attempt as well, takes its place.
        """
        return artifacts.left(self._claim, name)

    def spawn(self, kind: str, /, **kwargs: object) -> UUID:
        """Enqueue a job whose parent is this one, or its batch, in the open transaction; return its id."""
        with self._as_parent():
            return registry.get(kind).enqueue((), kwargs, current())

    @contextmanager
    def batch(self, then: str, /, **kwargs: object) -> Iterator[UUID]:
        """Start another job when all that the block enqueues have ended; see ``enqueuing.batch``."""
        with self._as_parent(), batch(then, **kwargs) as waiting:
            yield waiting

    def children(self) -> Counter[str]:
        """Count the jobs that name this one as their parent, by the word for where they stand."""
        return children_of(self.job_id)

    def _as_parent(self) -> AbstractContextManager[None]:
        return origin(parent_id=current().parent_id or self.job_id)

    def _speak(self, statement: str, done: int, total: int | None, note: str, **more: object) -> None:
        rate = self._rate.after(done)
        claim = self._claim
        params = {
            "id": claim.id,
            "lease": claim.lease,
            "done": done,
            "total": total,
            "note": redact.scrubbed(storable.clean(note)),
            "rate": rate,
        }
        rows = sql.run(statement, params | more)
        self._spoke_at = monotonic()
        if not rows:
            raise LeaseLost("Another worker has this job now.")
        if rows[0][0]:
            raise CancelRequested("Cancelled on request.")
        in_threads.check(claim)  # a signal told everybody else


def children_of(job_id: UUID) -> Counter[str]:
    """Count the jobs that name a job as their parent, by the word for where they stand."""
    return Counter({State(state).label: count for state, count in sql.run("children", {"id": job_id})})
