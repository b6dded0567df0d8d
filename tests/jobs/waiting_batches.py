"""Batches that wait, jobs of theirs that end, and the keeper's looks at them."""

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from apps.jobs import batch, enqueue
from apps.jobs.keeper.batches import end_batches
from apps.jobs.models import Batch
from apps.jobs.states import State
from tests.jobs import steps


def opened(count: int = 3) -> tuple[UUID, list[UUID]]:
    """Open a batch of so many jobs; return the job that waits, and those."""
    with batch("kinds.add", a=100) as waiting:
        jobs = [enqueue("kinds.add", a=number) for number in range(count)]
    return waiting, jobs


def end(job_id: UUID, how: State = State.SUCCEEDED) -> None:
    """Let a job end in a state."""
    steps.end(steps.claimed(job_id, steps.a_worker()), how)


def looked() -> int:
    """Let the time of the next look come, and look until none is due; return how many jobs started."""
    Batch.objects.update(look_at=F("look_at") - steps.HOUR)
    started = 0
    while Batch.objects.filter(look_at__lte=Now()).exists():
        started += end_batches()
    return started
