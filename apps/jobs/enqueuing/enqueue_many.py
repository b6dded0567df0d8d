"""Insert many jobs of one kind in their caller's transaction.  Called by JobTask."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from django.conf import settings
from django.db import transaction

from apps.jobs.enqueuing import canvas_checks, deadlocks, keys, quotas
from apps.jobs.enqueuing.enqueue_one import publish_after_commit, template
from apps.jobs.enqueuing.options import stored
from apps.jobs.kinds import arguments, limits
from apps.jobs.kinds.kind import Kind
from apps.jobs.origin import Origin
from apps.jobs.transitions import NewJob
from apps.jobs.transitions.many_jobs import ManyJobs, Row
from apps.lib.ids import ids_in_order

Item = Mapping[str, object] | tuple[object, ...] | list[object]

_A_BLOCK = 10_000
_FOR_ONE_JOB = ("task_id", "idempotency_key")


def enqueue_many(task: Kind, items: Iterable[Item], origin: Origin, options: Mapping[str, object]) -> int:
    """Insert a job for each item, unless another holds its key; return how many. Publish after the commit.

    A block of items is read before it is written, since what generates them may itself ask the database.
    """
    if refused := [name for name in _FOR_ONE_JOB if options.get(name) is not None]:
        raise TypeError(f"{task.name}: {refused[0]} is for one job, not for many. Leave it out.")
    canvas_checks.check_followers(task.name, options)
    like = template(task, origin, stored(task.name, options), args={})
    if task.unique is None or isinstance(items, Iterator):  # an iterator can be read once
        return _insert(task, items, origin, like)
    return deadlocks.retried(lambda: _insert(task, items, origin, like))


def _insert(task: Kind, items: Iterable[Item], origin: Origin, like: NewJob) -> int:
    ids, count = ids_in_order(), 0
    with transaction.atomic():
        many = ManyJobs(like, window=settings.BACKLINE_WINDOW, most=task.bundle)
        for start, block in _blocks(items):
            rows = zip(ids, _texts(task, block, start))  # noqa: B905  # there are always more ids
            if task.unique is None:
                quotas.spend(origin, len(block), of=count + len(block))
                many.write(_with_limits(task, rows), count=len(block))
                count += len(block)
            else:
                quotas.stand_by(origin)
                free = _free(task, list(rows))
                quotas.spend(origin, len(free), of=count + len(free))
                many.write(_with_limits(task, free), count=len(free))
                count += len(free)
        messages = many.send()
    for message, first in messages:
        publish_after_commit(message, arguments.shown(json.loads(first)))
    return count


def _blocks(items: Iterable[Item]) -> Iterator[tuple[int, list[Item]]]:
    rest, start = iter(items), 0
    while block := list(islice(rest, _A_BLOCK)):
        yield start, block
        start += len(block)


def _texts(task: Kind, block: list[Item], start: int) -> Iterator[str]:
    """Check items and return their arguments as they are stored; say which one does not fit."""
    text = task.validator.text
    for place, item in enumerate(block, start):
        try:
            if isinstance(item, dict):
                yield text((), item)
            elif isinstance(item, tuple | list):
                yield text(item, {})
            else:
                yield text((), _as_mapping(item))
        except (TypeError, ValueError) as error:
            raise type(error)(f"Item {place}: {error} Nothing was enqueued.") from error


def _as_mapping(item: object) -> Mapping[str, object]:
    if isinstance(item, Mapping):
        return item
    raise TypeError(f"{item!r} is neither named arguments (a dict) nor a tuple.")


def _with_limits(task: Kind, rows: Iterable[tuple[str, str]]) -> Iterable[Row]:
    if limits.limit_of(task) is None:
        return ((job_id, text, "") for job_id, text in rows)
    return ((job_id, text, limits.key_of(task, json.loads(text))) for job_id, text in rows)


def _free(task: Kind, rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give unique jobs their keys; return those that no job holds, the first of each."""
    rule = task.unique
    if rule is None:
        return rows
    by_key: dict[bytes, tuple[str, str]] = {}
    for job_id, text in rows:
        by_key.setdefault(keys.key_of(task, json.loads(text)), (job_id, text))
    job_ids = [job_id for job_id, _ in by_key.values()]
    taken = keys.take(list(by_key), job_ids, within=rule.within, states=rule.held_in)
    return [row for key, row in by_key.items() if key in taken]
