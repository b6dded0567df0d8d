"""Why waiting jobs cannot start now: the same sentence for pages, the admin and the shell."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from apps.jobs import registry
from apps.jobs.models.job import Job
from apps.jobs.models.pause import Pause
from apps.jobs.models.unserved import Unserved
from apps.jobs.operating import engine, pause
from apps.jobs.operating.not_started import LONGEST_NAP_S, Cause, paused_words
from apps.jobs.operating.served import Asked, Served, served
from apps.jobs.states import CLAIMABLE, State

_OF_A_KIND = ("unknown kind", "newer version")


def blocked(jobs: Iterable[Job]) -> dict[UUID, Cause]:
    """Return a cause for each of these that waits and cannot start; a job that waits its turn has none."""
    known = list(jobs)
    put_aside = _put_aside(known)
    waiting = [job for job in known if job.state in CLAIMABLE or job.pk in put_aside]
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
    """Yield the causes of one job, the widest first, as ``not_started`` counts them."""
    yield from (cause for cause in general if cause.reason == "database")
    asked = _asked(job)
    fault = workers[asked].fault(asked)
    unserved = Cause(fault.reason, fault.sentence, fault.mend, job.queue, job.kind) if fault else None
    yield from _paused_queue(job, pauses)
    if unserved is not None and unserved.reason not in _OF_A_KIND:
        yield unserved
    yield from _paused_kind(job, pauses)
    if unserved is not None:
        yield unserved
    if job.state in CLAIMABLE:
        yield from (cause for cause in general if job.state == State.READY or cause.reason == "broker")


def _paused_queue(job: Job, pauses: Mapping[tuple[str, str], Pause]) -> Iterator[Cause]:
    if row := pauses.get(("queue", job.queue)):
        yield Cause("paused", paused_words(row), "", job.queue)


def _paused_kind(job: Job, pauses: Mapping[tuple[str, str], Pause]) -> Iterator[Cause]:
    names = registry.names_of(job.kind)
    for name in names:
        if row := pauses.get(("kind", name)):
            yield Cause("paused", paused_words(row, names[0]), "", job.queue, job.kind)


def _asked(job: Job) -> Asked:
    return Asked(job.queue, job.kind, job.schema_version)


def _put_aside(jobs: Iterable[Job]) -> set[UUID]:
    """Return those that sleep because a worker could not read them; others sleep on purpose."""
    asleep = [
        job
        for job in jobs
        if job.state == State.SCHEDULED and job.attempt > 0 and not job.waits_for_its_batch
    ]
    if not asleep:
        return set()
    lately = Unserved.objects.filter(last_at__gt=Now() - timedelta(seconds=LONGEST_NAP_S))
    unserved = set(lately.values_list("queue", "kind"))
    return {job.pk for job in asleep if (job.queue, job.kind) in unserved}
