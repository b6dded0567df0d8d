"""Follows a job from a terminal until it ends."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Never
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now
from tqdm import tqdm

from apps.jobs.models import DeadLetter, Job, Progress, Worker
from apps.jobs.states import State

_LOOK_S: Final = 0.25
_PATIENCE_S: Final = 3.0  # how long a job may wait before one asks whether anybody listens


def follow(job_id: UUID, *, warn: Callable[[str], None], bar: bool) -> Job:
    """Wait until a job has ended, showing its progress; return it. Say so when no worker listens."""
    started = time.monotonic()
    warned = False
    with tqdm(unit=" rows", unit_scale=True, dynamic_ncols=True, disable=not bar) as shown:
        while True:
            job = Job.objects.get(pk=job_id)
            _show(shown, job)
            if job.has_ended:
                return job
            if not warned and job.started_at is None and time.monotonic() - started > _PATIENCE_S:
                warned = True
                if not listens(job.queue):
                    warn(nobody_listens(job.queue))
            time.sleep(_LOOK_S)


def listens(queue: str) -> bool:
    """Say whether a live worker takes jobs from a queue."""
    alive = Now() - timedelta(seconds=settings.BACKLINE_DEAD_AFTER_S)
    return Worker.objects.filter(stopped_at=None, heartbeat_at__gt=alive, queues__contains=[queue]).exists()


def nobody_listens(queue: str) -> str:
    """Return the sentence for a queue without a worker."""
    return (
        f"No worker listens to queue {queue}, so the job waits. Start one: celery -A config worker -Q {queue}"
    )


def why_not(job: Job) -> str:
    """Return why a job that ended did not succeed."""
    letter = DeadLetter.objects.filter(pk=job.pk).first()
    if letter is not None:
        return letter.message
    return "It was cancelled; imported rows are kept." if job.state == State.CANCELLED else "It failed."


def _show(bar: "tqdm[Never]", job: Job) -> None:
    progress = Progress.objects.filter(pk=job.pk).first()
    if progress is not None:
        bar.total = progress.total
        bar.set_description(progress.note[:60] if not job.has_ended else "", refresh=False)
        bar.update(progress.done - bar.n)
