"""Celery's control of tasks, in the ledger first: what is cancelled there needs no worker to hear of it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import django
from celery.app.control import Control
from django.apps import apps

from apps.jobs import sql
from apps.jobs.canvas import canvas
from apps.jobs.task import JobTask

_ACTOR = "app.control.revoke"


class LedgerControl(Control):
    """``app.control``: a job of ours is cancelled in its row, a task of another package by broadcast."""

    def rate_limit(self, task_name: str, rate_limit: object, *more: Any, **options: Any) -> Any:
        """Limit a task of another package; raise ValueError for a job type."""
        if isinstance(self.app.tasks.get(task_name), JobTask):
            raise ValueError(f'{task_name} is a job type. Declare limit="10/min" on it, or pause it.')
        return super().rate_limit(task_name, rate_limit, *more, **options)  # type: ignore[arg-type]

    def time_limit(self, task_name: str, *limits: Any, **options: Any) -> Any:
        """Limit a task of another package; raise ValueError for a job type."""
        if isinstance(self.app.tasks.get(task_name), JobTask):
            raise ValueError(
                f"{task_name} is a job type. Declare timeout= on it, or pass time_limit= in the call."
            )
        return super().time_limit(task_name, *limits, **options)

    def revoke(  # type: ignore[override]  # Celery's stubs know one id only
        self, task_id: str | UUID | Iterable[str | UUID], *more: Any, **options: Any
    ) -> object:
        """Cancel jobs that wait, ask running ones to stop, and broadcast what the ledger does not know.

        ``terminate`` and ``signal`` hold for tasks of other packages: a job stops as by any other cancel.
        What was cancelled stands in the audit log; who called is not known here.
        """
        given = [str(task_id)] if isinstance(task_id, str | UUID) else [str(one) for one in task_id]
        others = self.cancel_ours(given)
        if not others:
            return None
        asked = others[0] if len(others) == 1 else others
        return super().revoke(asked, *more, **options)

    def cancel_ours(self, given: Sequence[str]) -> list[str]:
        """Cancel the jobs among these ids; return the ids that the ledger does not have."""
        if not apps.ready:  # Celery's command line comes here with no model loaded
            django.setup()
        ours = _ours(given)
        if ours:
            _cancel(tuple(ours.values()))
        return [one for one in given if one not in ours]


def _ours(given: Iterable[str]) -> dict[str, UUID]:
    """Return those that the ledger has, as they were written."""
    likely = {one: UUID(one) for one in given if canvas.is_time_ordered(one)}
    known = {job_id for (job_id,) in sql.run("knows", {"ids": list(likely.values())})} if likely else set()
    return {one: job_id for one, job_id in likely.items() if job_id in known}


def _cancel(ids: tuple[UUID, ...]) -> None:
    """Cancel as a person's cancel does."""
    from apps.jobs.operating.cancel import cancel  # noqa: PLC0415  # models must be loaded first
    from apps.jobs.operating.job_filter import JobFilter  # noqa: PLC0415  # likewise

    cancel(JobFilter(ids=ids), actor=_ACTOR)
