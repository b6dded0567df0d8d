"""What a person asks of jobs from outside."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from apps.jobs import sql
from apps.jobs.states import State


def cancel(job_id: UUID) -> State | None:
    """Cancel a waiting job at once, or ask a running one to stop; return its state, None if it had ended."""
    return cancel_each([job_id]).get(job_id)


def cancel_many(ids: Sequence[UUID]) -> Counter[State]:
    """Cancel each of these jobs as ``cancel`` does; count in which state they are now, the ended left out."""
    return Counter(cancel_each(ids).values())


def cancel_each(ids: Sequence[UUID]) -> dict[UUID, State]:
    """Cancel each of these jobs as ``cancel`` does; return the state of each, the ended left out."""
    return {job_id: State(state) for job_id, state in sql.run("cancel", {"ids": list(ids)})}


def release_now(ids: Sequence[UUID]) -> list[UUID]:
    """Put sleeping jobs in line before their time; return those that slept."""
    return [job_id for (job_id,) in sql.run("release_now", {"ids": list(ids)})]


class Edited(NamedTuple):
    """Other arguments for a dead job, and what follows from them."""

    args: Mapping[str, object]
    schema_version: int
    limit_key: str


def replay(ids: Sequence[UUID], *, edited: Edited | None = None) -> list[UUID]:
    """Put dead jobs in line again, with other arguments if given; return those that were, undecided."""
    params = {
        "ids": list(ids),
        "args": Jsonb(dict(edited.args)) if edited else None,
        "schema_version": edited.schema_version if edited else None,
        "limit_key": edited.limit_key if edited else None,
    }
    return [job_id for (job_id,) in sql.run("replay", params)]
