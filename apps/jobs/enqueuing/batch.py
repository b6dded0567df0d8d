"""A batch: jobs that are enqueued together, and one that starts when all of them have ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from apps.jobs import registry, transitions
from apps.jobs.enqueuing import quotas
from apps.jobs.enqueuing.enqueue_one import new_job
from apps.jobs.origin import current, origin


@contextmanager
def batch(then: str, /, **kwargs: object) -> Iterator[UUID]:
    """Start ``then`` when all jobs that the block enqueues have ended, however; yield its id.

    They are its children, which its body may count (``ctx.children``). The block is one transaction: all of
    it is enqueued, or nothing. Of a chain, a chord or a job that replaces itself, what follows belongs to the
    batch as well. A job that a unique kind answers with was there before, and is not waited for; nor is what
    the jobs start in their bodies. Raise UnknownKind, TypeError or ValueError when ``then`` does not fit.
    """
    task = registry.get(then)
    if task.unique is not None:
        raise TypeError(
            f"{task.name} is unique: the job that runs may be another's, which does not wait for this batch."
        )
    asking = current()
    new, _ = new_job(task, (), kwargs, asking, {})
    with transaction.atomic():
        quotas.spend(asking)
        transitions.enqueue_behind_its_batch(new)
        with origin(parent_id=new.id):
            yield new.id
