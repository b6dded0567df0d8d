"""Replay: put dead jobs in line again, some first if asked, as fast as asked; a record says how it goes.

``replay`` starts one, the keeper's duty ``go_on`` moves it on, ``stop`` ends it. A job is in at
most one replay that is under way, which a constraint sees to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from apps.jobs import crash_points, registry, sql, transitions
from apps.jobs.kinds import limits
from apps.jobs.models.dead_letter import DeadLetter
from apps.jobs.models.job import Job
from apps.jobs.models.replay import Replay, Replayed
from apps.jobs.operating import actions, replay_keys, replay_pace
from apps.jobs.operating.actions import Actor
from apps.jobs.operating.dead_letters import Filter, given_reason

_LOOKED_AT = 2000  # jobs in line again whose end is looked for at once
_GATHERED = 5000


class NothingToReplay(LookupError):  # noqa: N818
    """No dead letter fits, or each is in a replay that is under way."""


class NotGoing(LookupError):  # noqa: N818
    """The replay ended before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How carefully a replay goes."""

    canary: int = 0  # so many first; the rest when they ended well
    per_minute: int | None = None
    stop_at_percent: int = 20  # it stops itself when more than this share of what ended died again

    def __post_init__(self) -> None:
        if self.canary < 0:
            raise ValueError(f"A canary of {self.canary} jobs makes no sense. Name 0 or more.")
        if self.per_minute is not None and self.per_minute < 1:
            raise ValueError(f"{self.per_minute} jobs a minute make no sense. Name 1 or more, or nothing.")
        if not 1 <= self.stop_at_percent <= 100:
            raise ValueError(f"Stop at a share of 1 to 100 percent, not at {self.stop_at_percent}.")


AT_ONCE = Pace()


def replay(
    chosen: Filter,
    *,
    actor: Actor,
    reason: str,
    pace: Pace = AT_ONCE,
    args: Mapping[str, object] | None = None,
) -> Replay:
    """Put the dead letters that fit now in line again and return the record, in the caller's transaction.

    The first jobs go at once, the keeper sends the rest. A job of a unique kind takes its key again; where
    another job holds it, it stays a dead letter, and the record counts it as held. ``args`` replaces the
    arguments of one job. Raise NothingToReplay, ValueError without a reason, TypeError or UnknownKind for
    arguments that cannot be.
    """
    why = given_reason(reason)
    with transaction.atomic():
        edited = None if args is None else _checked(chosen, args)
        record = Replay.objects.create(
            asked_at=Now(),
            actor_id=actions.id_of(actor),
            actor_name=actions.name_of(actor),
            reason=why,
            filter=chosen.as_json(),
            edited_args=edited,
            total=0,
            **asdict(pace),
        )
        record.total = _gather(record, chosen)
        if not record.total:
            raise NothingToReplay(
                f"No job to replay among {chosen}. It was replayed or discarded before, "
                "or is in a replay that is under way."
            )
        details = {"replay": record.pk, "filter": chosen.as_json(), "pace": asdict(pace)}
        if edited is not None and chosen.ids:
            details |= {
                "args": edited,
                "args_before": Job.objects.values_list("args", flat=True).get(pk=chosen.ids[0]),
            }
        actions.record("replay", chosen, actor=actor, count=record.total, reason=why, details=details)
        _move_on(record, _now())
    return record


def go_on() -> int:
    """Move on every replay that is under way; return how many jobs were put in line. A keeper's duty."""
    sent = 0
    for replay_id in (
        Replay.objects.filter(stage=Replay.Stage.GOING).order_by("id").values_list("pk", flat=True)
    ):
        with transaction.atomic():
            # another keeper that still believes it leads has it: then it moves on there
            record = (
                Replay.objects.select_for_update(skip_locked=True).filter(pk=replay_id, stage="going").first()
            )
            moved = _move_on(record, _now()) if record else 0
        if moved:
            crash_points.reached("replay.committed")
        sent += moved
    return sent


def stop(replay_id: int, *, actor: Actor, reason: str) -> Replay:
    """End a replay: what is in line stays there, the rest stays dead. Raise NotGoing when it ended before."""
    why = given_reason(reason)
    with transaction.atomic():
        record = Replay.objects.select_for_update().filter(pk=replay_id, stage=Replay.Stage.GOING).first()
        if record is None:
            raise NotGoing(f"Replay {replay_id} is not under way. Look at its record.")
        left = record.total - record.sent
        _end(record, Replay.Stage.STOPPED, because=f"{actions.name_of(actor)}: {why}")
        actions.record("stop", record, actor=actor, count=left, reason=why)
    return record


def _checked(chosen: Filter, args: Mapping[str, object]) -> dict[str, object]:
    if chosen.ids is None or len(chosen.ids) != 1:
        raise ValueError("Other arguments are for one job. Name one, or leave the arguments as they are.")
    letter = chosen.letters().first()
    if letter is None:
        raise NothingToReplay(f"{chosen} is no open dead letter.")
    return registry.get(letter.kind).validator.named((), args)


def _gather(record: Replay, chosen: Filter) -> int:
    """Write down the jobs it is about, as they are now: what dies later is not meant."""
    for ids in _batches(chosen):
        Replayed.objects.bulk_create(
            [Replayed(replay=record, job_id=job_id) for job_id in ids], ignore_conflicts=True
        )
    mine = Replayed.objects.filter(replay=record)
    if chosen.discarded:
        DeadLetter.objects.filter(job_id__in=mine.values("job_id")).update(decision="", decided_at=None)
    return mine.count()


def _batches(chosen: Filter) -> Iterator[list[UUID]]:
    after: UUID | None = None
    letters = chosen.letters().order_by("job_id").values_list("job_id", flat=True)
    while ids := list((letters.filter(job_id__gt=after) if after else letters)[:_GATHERED]):
        yield ids
        after = ids[-1]


def _move_on(record: Replay, now: datetime) -> int:
    """See what ended, then stop, send the next jobs, or be done; return how many were sent."""
    _settle(record)
    jobs = Replayed.objects.filter(replay=record)
    waits, on_their_way = jobs.filter(became=Replayed.Became.WAITS), jobs.filter(became=Replayed.Became.SENT)
    if waits.exists() and replay_pace.too_many_died(record):
        _end(record, Replay.Stage.STOPPED, because=replay_pace.verdict(record))
        return 0
    sent = _send(record, now, replay_pace.allowance(record, now, some_on_their_way=on_their_way.exists()))
    if waits.exists() or on_their_way.exists():
        _save(record)
    else:
        _end(record, Replay.Stage.DONE)
    return sent


def _settle(record: Replay) -> None:
    params = {"replay": record.pk, "after": record.looked_at, "batch": _LOOKED_AT}
    [(well, again, lost, looked, last)] = sql.run("settle_replay", params)
    record.ended_well += well
    record.died_again += again
    record.skipped += lost
    record.looked_at = last if looked == _LOOKED_AT else None


def _send(record: Replay, now: datetime, most: int) -> int:
    jobs = Replayed.objects.filter(replay=record)
    turn = list(
        jobs.filter(became=Replayed.Became.WAITS).order_by("job_id").values_list("job_id", flat=True)[:most]
    )
    if not turn:
        return 0
    try:
        held = replay_keys.take(turn, record.edited_args)
    except replay_keys.KeysAreBusy:
        return 0  # the next look tries again
    back = transitions.replay([one for one in turn if one not in held], edited=_edited(record, turn[0]))
    jobs.filter(job_id__in=back).update(became=Replayed.Became.SENT, sent_at=Now())
    record.held += jobs.filter(job_id__in=held).update(became=Replayed.Became.HELD)
    gone = set(turn) - set(back) - held
    record.skipped += jobs.filter(job_id__in=gone).update(became=Replayed.Became.SKIPPED)
    replay_pace.use(record, now, len(back))
    crash_points.reached("replay.written")
    return len(back)


def _edited(record: Replay, job_id: UUID) -> transitions.Edited | None:
    """Return a job's edited arguments, which were checked by this release, and what follows from them."""
    if record.edited_args is None:
        return None
    task = registry.get(DeadLetter.objects.values_list("kind", flat=True).get(pk=job_id))
    limit_key = limits.key_of(task, record.edited_args)
    return transitions.Edited(record.edited_args, task.version, limit_key)


def _end(record: Replay, stage: Replay.Stage, *, because: str = "") -> None:
    """End it; what is open of it may be in another replay from now on."""
    Replayed.objects.filter(replay=record, became__in=(Replayed.Became.WAITS, Replayed.Became.SENT)).update(
        became=Replayed.Became.SKIPPED
    )
    record.stage, record.stopped_because, record.ended_at = stage, because, _now()
    _save(record)


def _save(record: Replay) -> None:
    """Write the record without signals: no code of the project runs in the keeper's thread."""
    fields = [field.name for field in Replay._meta.concrete_fields if not field.primary_key]
    Replay.objects.bulk_update([record], fields)


def _now() -> datetime:
    """Return the database's time."""
    return Replay.objects.annotate(now=Now()).values_list("now", flat=True)[0]
