"""Why waiting jobs cannot start now: the same sentence for pages, the admin and the shell."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from apps.jobs import registry
from apps.jobs.models.job import Job
from apps.jobs.models.pause import Pause
from apps.jobs.operating import engine, pause
from apps.jobs.operating.not_started import Cause, paused_words
from apps.jobs.operating.served import Asked, Served, served
from apps.jobs.states import CLAIMABLE, State

_SETS_ASIDE = ("unknown kind", "newer version")


def blocked(jobs: Iterable[Job]) -> dict[UUID, Cause]:
    """Return a cause for each of these that waits and cannot start; a job that waits its turn has none."""
    waiting = [job for job in jobs if job.state in CLAIMABLE or _was_set_aside(job)]
    if not waiting:
        return {}
    workers = served(_asked(job) for job in waiting)
    pauses = {(row.scope, row.name): row for row in pause.paused().select_related("paused_by")}
    general = engine.engine().causes()
    found = ((job.pk, next(_causes(job, workers, pauses, general), None)) for job in waiting)
    return {pk: cause for pk, cause in found if cause is not None}


def _causes(
    job: Job,
    workers: Mapping[Asked, Served],
    pauses: Mapping[tuple[str, str], Pause],
    general: Iterable[Cause],
) -> Iterator[Cause]:
    yield from (cause for cause in general if cause.reason == "database")
    if job.state in CLAIMABLE:
        yield from _paused(job, pauses)
    asked = _asked(job)
    fault = workers[asked].fault(asked)
    if fault is not None and (job.state in CLAIMABLE or fault.reason in _SETS_ASIDE):
        yield Cause(fault.reason, fault.sentence, fault.mend, job.queue, job.kind)
    if job.state in CLAIMABLE:
        yield from (cause for cause in general if job.state == State.READY or cause.reason == "broker")


def _paused(job: Job, pauses: Mapping[tuple[str, str], Pause]) -> Iterator[Cause]:
    names = registry.names_of(job.kind)
    for name in names:
        if row := pauses.get(("kind", name)):
            yield Cause("paused", paused_words(row, names[0]), "", job.queue, job.kind)
    if row := pauses.get(("queue", job.queue)):
        yield Cause("paused", paused_words(row), "", job.queue)


def _asked(job: Job) -> Asked:
    return Asked(job.queue, job.kind, job.schema_version)


def _was_set_aside(job: Job) -> bool:
    """Say whether a job may sleep because no worker could read it; a snoozed one has a worker that can."""
    return job.state == State.SCHEDULED and job.attempt > 0 and not job.waits_for_its_batch
