"""Ids of calls that no job can have: a stored result of such an id, in state REPLACED, names the job instead.

A bare task in a header, ``celery.signature("name")`` and a plain task that jobs replace have random ids, and
a step may start so long after its canvas that the week of its id is gone. A job's own id is time-ordered.
"""

from collections.abc import Mapping
from uuid import UUID

from celery import current_app

from apps.jobs.enqueuing.options import is_forgotten

REPLACED = "REPLACED"  # the state of such a result

_OF_A_FROZEN_CALL = "reply_to"  # set by freeze(), not by a caller who chooses an id


def split(options: Mapping[str, object], *, is_asked: bool) -> tuple[Mapping[str, object], str | None]:
    """Return the options without an id that no job can have, and that id.

    A caller's own id is checked later; a step of a canvas may have been given its id long ago.
    """
    given = options.get("task_id")
    if given is None:
        return options, None
    is_celerys = _OF_A_FROZEN_CALL in options and is_random(given)
    if not is_celerys and (is_asked or not _is_of_a_forgotten_week(given)):
        return options, None
    given = str(given)
    return {name: value for name, value in options.items() if name != "task_id"}, given


def answer(task_id: str, job_id: str) -> None:
    """Let a job answer for an id, in the caller's transaction."""
    current_app.backend.store_result(task_id, job_id, REPLACED)


def is_random(given: object) -> bool:
    """Return whether an id is a version 4 UUID, as Celery makes them."""
    return (read := _uuid(given)) is not None and read.version == 4


def _is_of_a_forgotten_week(given: object) -> bool:
    return (read := _uuid(given)) is not None and read.version == 7 and is_forgotten(read)


def _uuid(given: object) -> UUID | None:
    try:
        return UUID(str(given))
    except ValueError:
        return None
