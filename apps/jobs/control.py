"""Celery's control of tasks, in the ledger first: what is cancelled there needs no worker to hear of it."""

from collections.abc import Iterable
from uuid import UUID

from celery.app.control import Control

from apps.jobs import sql, transitions
from apps.jobs.canvas import canvas


class LedgerControl(Control):
    """``app.control``: a job of ours is cancelled in its row, a task of another package by broadcast."""

    def revoke(  # type: ignore[override]  # Celery's stubs know one id only
        self, task_id: str | UUID | Iterable[str | UUID], destination: object = None, **options: object
    ) -> object:
        """Cancel jobs that wait, ask running ones to stop, and broadcast what the ledger does not know.

        ``terminate`` and ``signal`` hold for tasks of other packages: a job stops as by any other cancel.
        """
        given = [task_id] if isinstance(task_id, str | UUID) else list(task_id)
        others = [str(one) for one in given if not _cancelled(str(one))]
        if not others:
            return None
        asked = others[0] if len(others) == 1 else others
        return super().revoke(asked, destination=destination, **options)  # type: ignore[arg-type]


def _cancelled(task_id: str) -> bool:
    """Cancel a job of ours; say whether it was one."""
    if not canvas.is_time_ordered(task_id):
        return False
    job_id = UUID(task_id)
    return transitions.cancel(job_id) is not None or bool(sql.run("knows", {"id": job_id}))
