"""Why a job does not run yet: one true sentence, for its page and for commands.  It only reads."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from apps.jobs import registry, sql
from apps.jobs.kinds import limits
from apps.jobs.kinds.limits import Limit
from apps.jobs.models.batch import Batch
from apps.jobs.models.bundle import Bundle
from apps.jobs.models.job import Job
from apps.jobs.models.limit import Bucket, Slot
from apps.jobs.models.parked import Parked
from apps.jobs.models.ready import Ready
from apps.jobs.operating import engine
from apps.jobs.operating.blocked import blocked
from apps.jobs.states import CLAIMABLE, ENDED, SLEEPING, State
from apps.lib import words

_COUNT_TO = 10_000  # nobody waits for an exact count of a million
_FIRST = UUID(int=0)


def why_waiting(job_id: UUID) -> str:
    """Say why a job does not run yet, or that it does not wait."""
    job = Job.objects.filter(id=job_id).first()
    if job is None:
        return "There is no such job."
    if job.state not in CLAIMABLE | SLEEPING:
        return f"It is not waiting: it {'runs' if job.state == State.RUNNING else f'ended as {_state(job)}'}."
    [(now,)] = sql.run("clock", {})
    found = (reason for look in _LOOKS if (reason := look(job, now)))
    return next(found, "It is being sent to the broker.")


def _too_late(job: Job, now: datetime) -> str | None:
    if job.expires_at is None or job.expires_at > now:
        return None
    return f"It was to start by {_time(job.expires_at)}; the keeper cancels it."


def _asleep(job: Job, now: datetime) -> str | None:
    if job.run_after is None:
        return None
    if job.waits_for_its_batch:
        return _waits_for_others(job)
    if job.run_after <= now:
        return _without_keeper(job) or "It is due; the keeper queues it within a second."
    if (blocked_by := _blocked(job, now)) is not None:
        return f"{blocked_by} It is tried again at {_time(job.run_after)}."
    if job.state == State.RETRYING:
        return f"It failed {_times(job.failures)} and tries again at {_time(job.run_after)}."
    return f"It is scheduled for {_time(job.run_after)}."


def _waits_for_others(job: Job) -> str:
    """Say how many live among the next of its batch from where the keeper looks: a million are not read."""
    place = Batch.objects.filter(job_id=job.id).values_list("place", flat=True).first()
    of_its_batch = Job.objects.filter(parent_id=job.id, id__gte=place or _FIRST).order_by("id")
    states = of_its_batch.values_list("state", flat=True)[:_COUNT_TO]
    alive = sum(state not in ENDED for state in states)
    if alive:
        at_least = "At least " if len(states) == _COUNT_TO else ""
        return f"{at_least}{_jobs(alive)} of its batch {'has' if alive == 1 else 'have'} not ended yet."
    if place is not None or len(states) == _COUNT_TO:
        return "The keeper looks through its batch; it starts when all of it has ended."
    return "Its batch has ended; the keeper queues it soon."


def _blocked(job: Job, _: datetime) -> str | None:
    cause = blocked([job]).get(job.pk)
    return f"{cause.sentence} {cause.mend}".strip() if cause else None


def _in_broker(job: Job, _: datetime) -> str | None:
    bundle = Bundle.objects.filter(queue=job.queue, ids__contains=[job.id]).order_by("published_at").last()
    if bundle is None:
        return None
    earlier = Bundle.objects.filter(queue=job.queue, published_at__lt=bundle.published_at).count()
    together = f", with {_jobs(len(bundle.ids) - 1)} more" if len(bundle.ids) > 1 else ""
    before = f"; {_counted(earlier, 'message')} of its queue went before it" if earlier else ""
    return f"It is in the broker since {_time(bundle.published_at)}{together}{before}."


def _without_keeper(_: Job) -> str | None:
    causes = engine.engine().causes()
    return f"{causes[0].sentence} {causes[0].mend}" if causes else None


def _back_in_line(job: Job, _: datetime) -> str | None:
    if Parked.objects.filter(id=job.id).exists():
        return f"Kind {job.kind} was resumed; the keeper queues it again."
    return None


def _limited(job: Job, now: datetime) -> str | None:
    try:
        task = registry.get(job.kind)
    except registry.UnknownKind:
        return None
    limit = limits.limit_of(task) if job.limit_key else None
    if limit is None:
        return None
    key = limits.counted_as(task, job.limit_key)
    return _full(key, limit) or _too_fast(key, limit, now)


def _full(key: str, limit: Limit) -> str | None:
    if limit.concurrency is None or (held := Slot.objects.filter(key=key).count()) < limit.concurrency:
        return None
    return f"Its limit {key} is full: {held} of {limit.concurrency} run."


def _too_fast(key: str, limit: Limit, now: datetime) -> str | None:
    rate, bucket = limit.rate, Bucket.objects.filter(key=key).first()
    if rate is None or bucket is None:
        return None
    wait_s = max(1 - bucket.tokens, 0) * rate.seconds / rate.jobs
    moment = bucket.refilled_at + timedelta(seconds=wait_s)
    if moment <= now:
        return None
    return f"Its limit {key} lets {rate.jobs} start in {rate.seconds} s; the next may at {_time(moment)}."


def _in_line(job: Job, _: datetime) -> str | None:
    place = Ready.objects.filter(id=job.id, queue=job.queue, lane=job.lane, rank=job.rank)
    if not place.exists():
        return None
    lane = Ready.objects.filter(queue=job.queue, lane=job.lane)
    before = lane.filter(Q(rank__lt=job.rank) | Q(rank=job.rank, id__lt=job.id))
    count = before[: _COUNT_TO + 1].count()
    [(lanes,)] = sql.run("lanes_in_line", {"queue": job.queue})
    stands = f"{_jobs(count)} stand before it" if count != 1 else "1 job stands before it"
    first = stands if count else "It is the next"
    others = f", and {lanes} lanes take turns in queue {job.queue}" if lanes > 1 else ""
    return f"{first} in its lane{others}."


_LOOKS: tuple[Callable[[Job, datetime], str | None], ...] = (
    _too_late,
    _asleep,
    _blocked,
    _in_broker,
    _back_in_line,
    _limited,
    _in_line,
)


def _state(job: Job) -> str:
    return State(job.state).label


def _time(moment: datetime) -> str:
    return words.whole(timezone.localtime(moment))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _jobs(count: int) -> str:
    return _counted(count, "job")


def _counted(count: int, word: str) -> str:
    if count > _COUNT_TO:
        return f"More than {_COUNT_TO} {word}s"
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
