"""Ids that Celery gave before it was known that a job would have them: a job's own id is time-ordered.

A bare task in a header, ``celery.signature("name")`` and a plain task that jobs replace have random ids. The
stored result of such an id names the job that answers for it.
"""

from collections.abc import Mapping
from uuid import UUID

from celery import current_app

REPLACED = "REPLACED"  # the state of such a result

_OF_A_FROZEN_CALL = "reply_to"  # set by freeze(), not by a caller who chooses an id


def split(options: Mapping[str, object]) -> tuple[Mapping[str, object], str | None]:
    """Return the options without an id that Celery made, and that id."""
    given = options.get("task_id")
    if _OF_A_FROZEN_CALL not in options or not isinstance(given, str) or not is_random(given):
        return options, None
    return {name: value for name, value in options.items() if name != "task_id"}, given


def answer(task_id: str, job_id: str) -> None:
    """Let a job answer for an id, in the caller's transaction."""
    current_app.backend.store_result(task_id, job_id, REPLACED)


def is_random(given: str) -> bool:
    """Return whether an id is a version 4 UUID, as Celery makes them."""
    try:
        return UUID(given).version == 4
    except ValueError:
        return False
