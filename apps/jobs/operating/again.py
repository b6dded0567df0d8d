"""Run a job again as a new one: what it was asked for, by who asks now; the old one stays as it ended."""

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from apps.jobs import registry
from apps.jobs.kinds import versions
from apps.jobs.models.job import Job
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor
from apps.jobs.origin import current
from apps.lib.ids import new_id


class NotEnded(ValueError):  # noqa: N818
    """The job still has its own end before it."""


class Again(NamedTuple):
    """What came of it."""

    id: UUID
    is_new: bool  # else its kind is unique, and this is the job that was there before


def run_again(job: Job, *, actor: Actor, reason: str = "") -> Again:
    """Enqueue a new job like this one, in the caller's transaction, unless another holds its unique key.

    It belongs to who asks and names the old one as its parent. Raise NotEnded, UnknownKind when the kind is
    gone, TypeError or ValueError when its arguments do not fit this release.
    """
    if not job.has_ended:
        raise NotEnded(
            f"Job {job.pk} is {job.get_state_display()}: it has not ended. Wait for it, or cancel it first."
        )
    kind = registry.get(job.kind)
    args = versions.upcast(kind, job.kind, job.schema_version, job.args)
    asking = replace(
        current(),
        owner_id=actions.id_of(actor) if actor else job.owner_id,
        subject=job.subject,
        tenant=job.tenant,
        tags=tuple(job.tags or ()),
        parent_id=job.pk,
    )
    wanted = new_id()
    with transaction.atomic():
        answer = kind.enqueue((), args, asking, queue=job.queue, priority=job.priority, task_id=str(wanted))
        details = {"new" if answer == wanted else "holder": str(answer)}
        actions.record("run again", f"job {job.pk}", actor=actor, reason=reason, details=details)
    return Again(answer, answer == wanted)
