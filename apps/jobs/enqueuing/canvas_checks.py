"""Check the steps and callbacks of a call before its job is stored: later, its result would be lost."""

from collections.abc import Mapping

from celery import current_app

from apps.jobs.enqueuing import celery_ids, options, signature_options
from apps.jobs.kinds import arguments

_WAITING = ("link", "link_error", "chain", "chord")


def check_followers(kind: str, given: Mapping[str, object]) -> None:
    """Raise TypeError or ValueError when a step or callback of a call could not be enqueued in its turn.

    Their arguments are checked when they are called, as in Celery: each is given a result before.
    """
    waiting = [given[name] for name in _WAITING if given.get(name)]
    if waiting:
        check_signatures(kind, waiting)


def check_signatures(kind: str, value: object) -> None:
    """Raise TypeError or ValueError for the first signature in a value that could not be enqueued."""
    for signature in signature_options.signatures(value):
        try:
            _check(signature)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{kind}: a step or callback could not be enqueued later: {error}") from None


def _check(signature: Mapping[str, object]) -> None:
    job_type = _job_type_of(signature)
    if job_type is None:
        return
    given = signature["options"]
    kept: Mapping[str, object] = signature_options.kept(given) if isinstance(given, Mapping) else {}
    if signature["task"] == job_type:
        arguments.check(job_type, signature["args"], signature["kwargs"])
        kept, _ = celery_ids.split(kept, is_asked=False)
    else:  # a group's id is any text
        kept = {name: value for name, value in kept.items() if name != "task_id"}
    options.check(job_type, kept)


def _job_type_of(signature: Mapping[str, object]) -> str | None:
    """Return the job type that a signature calls; of a group, chain or chord the first that is in it."""
    if not signature["subtask_type"] or signature["subtask_type"] == "job":
        return _own(signature)
    parts = signature_options.signatures(signature["kwargs"])
    return next((kind for part in parts if (kind := _own(part)) is not None), None)


def _own(signature: Mapping[str, object]) -> str | None:
    name = str(signature["task"])
    return name if hasattr(current_app.tasks.get(name), "retry_policy") else None
