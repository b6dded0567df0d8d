"""Enqueue a job as a schedule would, let a worker run it, look at what came of it."""

from typing import Any
from uuid import UUID

from apps.jobs import Context, enqueue, registry
from apps.jobs.models import DeadLetter, Job, Progress
from apps.jobs.running.run import run
from apps.jobs.states import State
from tests.jobs.steps import a_worker, claimed, released

QUEUES = ("default", "maintenance")


def attempted(job_id: UUID) -> str:
    """Let a worker run a job that waits; return what came of it in a word."""
    job = Job.objects.get(pk=job_id)
    if job.state in (State.SCHEDULED, State.RETRYING):
        released(job_id)
    return run(registry.get(job.kind), claimed(job_id, a_worker(queues=QUEUES)))


def ran(kind: str, **kwargs: object) -> Job:
    """Enqueue and run a job; it must succeed."""
    job_id = enqueue(kind, **kwargs)
    word = attempted(job_id)
    assert word == "succeeded", why(job_id)
    return Job.objects.get(pk=job_id)


def result_of(job: Job) -> dict[str, Any]:
    """Return the named values that a job returned."""
    assert isinstance(job.result, dict)
    return job.result


def begun(kind: str, **kwargs: object) -> Context:
    """Enqueue and claim a job; return what its function would be given."""
    return Context(claimed(enqueue(kind, **kwargs), a_worker(queues=QUEUES)))


def begun_again(ctx: Context) -> Context:
    """Return what the next attempt of a job would be given after this one was killed."""
    progress = Progress.objects.filter(pk=ctx.job_id).first()
    return Context(ctx._claim, cursor=progress.cursor if progress else None)


def why(job_id: UUID) -> str:
    """Return why a job died."""
    letter = DeadLetter.objects.filter(pk=job_id).first()
    return letter.message if letter else "it did not die"
