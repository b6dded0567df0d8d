"""Celery's remote commands where they would take a job's message for the job.  Loaded with the worker.

A message carries many jobs: to revoke or to limit it would hold for jobs that were not named.
"""

from collections.abc import Iterable
from typing import Any

from celery.utils.functional import maybe_list
from celery.worker.control import (  # type: ignore[attr-defined]  # missing from the stubs
    Panel,
    nok,
    ok,
)
from django.db import connection

from apps.jobs.task import JobTask

_celerys = dict(Panel.data)


def _revoke(state: Any, task_id: str | Iterable[str], **options: Any) -> object:
    """Cancel jobs in the ledger; revoke other packages' tasks."""
    try:
        others = state.app.control.cancel_ours([str(one) for one in maybe_list(task_id) or ()])
    finally:
        connection.close()  # of the main process, whose children must not inherit it
    return _celerys["revoke"](state, others, **options) if others else ok("cancelled in the ledger")


def _terminate(state: Any, signal: str, task_id: str | Iterable[str], **_: Any) -> object:
    return _revoke(state, task_id, terminate=True, signal=signal)


def _rate_limit(state: Any, task_name: str, rate_limit: object, **options: Any) -> object:
    """Limit other packages' tasks; refuse job types."""
    if isinstance(state.app.tasks.get(task_name), JobTask):
        return nok(f'{task_name} is a job type. Declare limit="10/min", or pause it: manage.py jobs --help.')
    return _celerys["rate_limit"](state, task_name, rate_limit, **options)


def _time_limit(state: Any, task_name: str | None = None, **options: Any) -> object:
    """Limit other packages' tasks; refuse job types."""
    if isinstance(state.app.tasks.get(str(task_name)), JobTask):
        return nok(f"{task_name} is a job type. Declare timeout=, or pass time_limit= in the call.")
    return _celerys["time_limit"](state, task_name, **options)


Panel.data.update(revoke=_revoke, terminate=_terminate, rate_limit=_rate_limit, time_limit=_time_limit)
