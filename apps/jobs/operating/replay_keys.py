"""Give the jobs of a replay their unique keys again: beside another job that holds the key, none may run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from apps.jobs import registry, sql
from apps.jobs.enqueuing import keys, unique_batch
from apps.jobs.kinds import versions
from apps.jobs.kinds.kind import Kind
from apps.jobs.models.replay import Replay

_PATIENCE = "100ms"  # the keeper's other duties wait meanwhile


class KeysAreBusy(Exception):  # noqa: N818
    """A transaction that has not ended yet takes one of the keys."""


def take(ids: Sequence[UUID], edited: Mapping[str, object] | None) -> set[UUID]:
    """Give dead jobs their keys, in the caller's transaction; return those that must stay dead.

    A key is held from now on as from an enqueue. Who stays dead has a key that another job holds, or one that
    this release cannot tell, since it cannot read the arguments. Raise KeysAreBusy; then nothing was taken.
    """
    tasks = {
        name: task for task in registry.kinds().values() if task.unique for name in (task.name, *task.aliases)
    }
    if not tasks:
        return set()
    with _no_long_wait():
        rows = sql.run("dead_unique", {"ids": sql.array(ids), "kinds": list(tasks)})
        wanted: dict[str, dict[bytes, UUID]] = {}
        for job_id, kind, args, version in rows:
            key = _key_of(tasks[kind], kind, json.loads(args), version, edited)
            if key is not None:
                wanted.setdefault(tasks[kind].name, {}).setdefault(key, job_id)
        free = {job_id for name in sorted(wanted) for job_id in _taken(tasks[name], wanted[name])}
    return {job_id for job_id, *_ in rows} - free


def told(record: Replay) -> str:
    """Say how many stay dead because of their keys; nothing when there is none."""
    if not record.held:
        return ""
    return f" {record.held} stay failed: another job holds their unique key, or the key is unknown."


def _key_of(
    task: Kind, kind: str, args: dict[str, object], version: int, edited: Mapping[str, object] | None
) -> bytes | None:
    if edited is not None:  # of this release, and checked
        return keys.key_of(task, edited)
    try:
        return keys.key_of(task, task.validator.named((), versions.upcast(task, kind, version, args)))
    except (TypeError, ValueError):
        return None


def _taken(task: Kind, ids: Mapping[bytes, UUID]) -> set[UUID]:
    holders = unique_batch.take(task, ids)
    return {job_id for key, job_id in ids.items() if holders[key] == job_id}


@contextmanager
def _no_long_wait() -> Iterator[None]:
    """Wait for others only for a moment: one may think for minutes, and hold a job that waits for us."""
    try:
        with transaction.atomic():
            [(before, _)] = sql.run("wait_at_most", {"patience": _PATIENCE})
            yield
            sql.run("wait_at_most", {"patience": before})
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise KeysAreBusy from error
        raise
