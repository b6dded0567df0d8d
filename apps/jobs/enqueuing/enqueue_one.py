"""Insert one job in its caller's transaction.  Called by JobTask."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.jobs import celery_settings, crash_points, sql, transitions
from apps.jobs.enqueuing import canvas_checks, celery_ids, deadlocks, keys, quotas
from apps.jobs.enqueuing.continuation import is_awaited
from apps.jobs.enqueuing.options import stored
from apps.jobs.kinds import arguments, limits
from apps.jobs.kinds.kind import Kind
from apps.jobs.messages import publisher
from apps.jobs.origin import Origin
from apps.jobs.transitions import NewJob


def enqueue_one(
    task: Kind,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    origin: Origin,
    options: Mapping[str, object],
) -> UUID:
    """Insert a job, unless another holds its key; return its id, or the other's. Publish after the commit."""
    options, celery_s_id = celery_ids.split(options, is_asked=origin.is_asked)
    new, caller_s_key = new_job(task, args, kwargs, origin, options)
    if caller_s_key is None and task.unique is None and celery_s_id is None:
        quotas.spend(origin)
        _insert(new)
        return new.id
    return deadlocks.retried(lambda: _insert_with_keys(task, new, origin, caller_s_key, celery_s_id))


def new_job(
    task: Kind,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    origin: Origin,
    options: Mapping[str, object],
) -> tuple[NewJob, object]:
    """Return what one call asks for, and its caller's idempotency key; raise TypeError or ValueError for what
    does not fit.
    """
    arguments.check(task.name, args, kwargs)
    if options and origin.is_asked:  # else a step of a canvas, which was checked as a whole
        canvas_checks.check_followers(task.name, options)
    kept = stored(task.name, options)
    came_with = kept.get("options")
    if task.unique is not None and isinstance(came_with, dict) and is_awaited(came_with):
        raise TypeError(
            f"{task.name} is unique: the job that runs may be another's, which knows nothing of what should "
            "follow. Enqueue that in the job itself."
        )
    named = task.validator.named(args, kwargs)
    caller_s_key = kept.pop("idempotency_key", None)
    return template(task, origin, kept, args=named, limit_key=limits.key_of(task, named)), caller_s_key


def template(task: Kind, origin: Origin, kept: Mapping[str, object], **own: object) -> NewJob:
    """Return what a job is by its kind, its caller and its caller's options, which win."""
    celery_settings.refuse_eager()
    fields: dict[str, object] = {
        "kind": task.name,
        "aliases": task.aliases,
        "queue": task.job_queue,
        "priority": task.job_priority,
        "max_attempts": task.retry_policy.max_attempts,
        "schema_version": task.version,
        "owner_id": origin.owner_id,
        "trigger": origin.trigger,
        "subject": origin.subject,
        "tenant": origin.tenant,
        "tags": origin.tags,
        "request_id": origin.request_id,
        "parent_id": origin.parent_id,
    }
    if "expires_at" not in kept:
        fields["expires"] = task.expires_after
    return NewJob(**{**fields, **kept, **own})  # type: ignore[arg-type]  # `stored` checked them


def publish_after_commit(message: transitions.Message, text: str) -> None:
    """Hand a message to the publisher when the caller's transaction commits, if it does."""
    # a lambda, not functools.partial: Django logs the function's name when it fails
    transaction.on_commit(lambda: publisher.publish_soon(message, text), robust=True)


def _insert_with_keys(
    task: Kind, new: NewJob, origin: Origin, caller_s_key: object, celery_s_id: str | None
) -> UUID:
    """Insert a job with its keys and the pointer of Celery's id, all or none; return the id that answers."""
    with transaction.atomic():
        quotas.stand_by(origin)
        holder = _take_keys(task, new, caller_s_key)
        if holder is None:
            quotas.spend(origin)
            _insert(new)
        if celery_s_id is not None:
            celery_ids.answer(celery_s_id, str(holder or new.id))
    return holder or new.id


def _insert(new: NewJob) -> None:
    try:
        message = transitions.enqueue(
            new,
            window=min(settings.BACKLINE_STRAIGHT, settings.BACKLINE_WINDOW),
            per_slot=settings.BACKLINE_STRAIGHT_PER_SLOT,
        )
    except transitions.IdTakenError:
        if not _was_called_before(new):
            raise ValueError(
                f"{new.kind}: task_id {new.id} is that of another call. A frozen signature is one call: "
                "clone it before it is frozen, or leave task_id out."
            ) from None
        return
    crash_points.reached("enqueue.written")
    if message is not None:
        publish_after_commit(message, arguments.shown(new.args))


def _was_called_before(new: NewJob) -> bool:
    """Say whether the job that has the id was enqueued by the same call."""
    rows = sql.run("job_of", {"id": new.id})
    called = json.loads(json.dumps(new.args))
    return any(kind in (new.kind, *new.aliases) and json.loads(args) == called for kind, args in rows)


def _take_keys(task: Kind, new: NewJob, caller_s_key: object) -> UUID | None:
    """Give a new job its keys; return the job that holds one of them, if there is one."""
    theirs = ours = None
    if caller_s_key is not None:
        theirs = keys.idempotency_key_of(task, new.owner_id, new.tenant, str(caller_s_key))
        if (holder := keys.take_one(theirs, new.id, within=keys.IDEMPOTENT_FOR)) is not None:
            return holder
    if task.unique is not None:
        ours = keys.key_of(task, new.args)
        rule = task.unique
        holder = keys.take_one(ours, new.id, within=rule.within, states=rule.held_in)
        if holder is not None and theirs is not None:
            keys.hand_over(theirs, holder)
        return holder
    return None
