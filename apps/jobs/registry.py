"""The job types: every module under JOB_MODULES is one, and each is a Celery task."""

from typing import TYPE_CHECKING, cast

from celery import current_app
from django.conf import settings

if TYPE_CHECKING:
    from apps.jobs.task import JobTask


class UnknownKind(LookupError):  # noqa: N818
    """No job type has this name."""


def get(kind: str) -> "JobTask[..., object]":
    """Return the job type of this name, or of this former name."""
    task = _tasks().get(kind)
    if task is not None and task.alias_of is not None:
        task = _tasks().get(task.alias_of)
    if task is None:
        known = ", ".join(sorted(kinds())) or "none"
        raise UnknownKind(
            f"No job type is called {kind!r}. Known: {known}."
            " One that was added since this process started is known after a restart."
        )
    return task


def kinds() -> "dict[str, JobTask[..., object]]":
    """Return every job type by its kind."""
    return {name: task for name, task in _tasks().items() if task.alias_of is None}


def offered() -> "dict[str, JobTask[..., object]]":
    """Return the job types that a person may start: those that the platform starts itself are left out."""
    return {name: task for name, task in kinds().items() if not task.internal}


def names_of(kind: str) -> list[str]:
    """Return a kind and its former names, by whichever of them it is asked for; one that is unknown alone."""
    try:
        task = get(kind)
    except UnknownKind:
        return [kind]
    return [task.name, *task.aliases]


def summary_of(kind: str) -> str:
    """Return the first paragraph of a job type's docstring on one line; empty for an unknown kind."""
    try:
        text = get(kind).__doc__ or ""
    except UnknownKind:
        return ""
    return " ".join(text.strip().partition("\n\n")[0].split())


def names() -> list[str]:
    """Return every name by which a job may ask for its job type."""
    return sorted(_tasks())


def queues() -> set[str]:
    """Return the queues of CELERY_TASK_QUEUES, which may hold names or kombu's queues."""
    return {str(getattr(queue, "name", queue)) for queue in settings.CELERY_TASK_QUEUES}


def versions() -> dict[str, int]:
    """Return which version of a kind's arguments this release reads, for all that are past their first."""
    return {name: task.version for name, task in _tasks().items() if task.version > 1}


def _tasks() -> "dict[str, JobTask[..., object]]":
    """Return every Celery task of ours, also those that stand for a former name."""
    found = {name: task for name, task in current_app.tasks.items() if hasattr(task, "retry_policy")}
    return cast("dict[str, JobTask[..., object]]", found)
