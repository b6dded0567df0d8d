"""Context: what a job function may ask of the platform while it runs."""

import logging
from collections.abc import Callable
from time import monotonic
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from apps.jobs import sql
from apps.jobs.outcomes import CancelRequested, LeaseLost
from apps.jobs.rate import Rate
from apps.jobs.transitions import Claim

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

    def _speak(self, statement: str, done: int, total: int | None, note: str, **more: object) -> None:
        rate = self._rate.after(done)
        claim = self._claim
        params = {
            "id": claim.id,
            "lease": claim.lease,
            "done": done,
            "total": total,
            "note": note,
            "rate": rate,
        }
        rows = sql.run(statement, params | more)
        self._spoke_at = monotonic()
        if not rows:
            raise LeaseLost("Another worker has this job now.")
        if rows[0][0]:
            raise CancelRequested("Somebody asked this job to stop.")
