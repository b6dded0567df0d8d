"""Run a job again as a new one: what it was asked for, by who asks now; the old one stays as it ended."""

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from apps.jobs import registry
from apps.jobs.models.job import Job
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor
from apps.jobs.origin import current


class NotEnded(ValueError):  # noqa: N818
    """The job still has its own end before it."""


def run_again(job: Job, *, actor: Actor, reason: str = "") -> UUID:
    """Enqueue a new job like this one, in the caller's transaction; return its id.

    It belongs to who asks and names the old one as its parent. Raise NotEnded, UnknownKind when the kind is
    gone, TypeError or ValueError when its arguments do not fit this release.
    """
    if not job.has_ended:
        raise NotEnded(
            f"Job {job.pk} is {job.get_state_display()}: it has not ended. Wait for it, or cancel it first."
        )
    kind = registry.get(job.kind)
    args = job.args
    for version in range(job.schema_version, kind.version):
        args = kind.upcast[version](args)
    asking = replace(
        current(),
        owner_id=actions.id_of(actor) if actor else job.owner_id,
        subject=job.subject,
        tenant=job.tenant,
        tags=tuple(job.tags or ()),
        parent_id=job.pk,
    )
    with transaction.atomic():
        new_id = kind.enqueue((), args, asking, queue=job.queue, priority=job.priority)
        details = {"new": str(new_id)}
        actions.record("run again", f"job {job.pk}", actor=actor, reason=reason, details=details)
    return new_id
