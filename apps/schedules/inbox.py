"""The inbox of missed moments whose schedules ask: somebody runs them or declines."""

from collections.abc import Collection

from django.db import transaction

from apps.jobs import origin
from apps.schedules import sql
from apps.schedules.models.moment import Moment
from apps.schedules.row import read
from apps.schedules.settle import Settled, settle
from apps.schedules.start import job_id_for, start


class Gone(ValueError):  # noqa: N818
    """The schedule of a moment was deleted, so nobody knows any more what it would start."""


def run(moment_ids: Collection[int], *, owner_id: int | None) -> int:
    """Start the jobs of moments that ask, in their order and in this person's name; return how many.

    All or none; those that somebody decided before are left alone. Raise UnknownKind, TypeError
    or ValueError, which say why one cannot start.
    """
    with transaction.atomic(), origin(owner_id=owner_id, trigger="web"):
        asked = sql.run("lock_asked", {"ids": list(moment_ids)})
        rows = {row.id: row for row in read({schedule_id for _, schedule_id in asked})}
        settled = []
        for moment_id, schedule_id in asked:
            if schedule_id not in rows:
                raise Gone("The schedule of one of them was deleted. Decline it.")
            row = rows[schedule_id]
            job_id = start(row, job_id_for(row))
            settled.append(Settled(moment_id, schedule_id, Moment.Outcome.RAN, job_id))
        settle(settled)
    return len(settled)


def decline(moment_ids: Collection[int]) -> int:
    """Let moments that ask pass for good; return how many."""
    with transaction.atomic():
        asked = sql.run("lock_asked", {"ids": list(moment_ids)})
        declined = Moment.Outcome.DECLINED
        settle([Settled(moment_id, schedule_id, declined) for moment_id, schedule_id in asked])
    return len(asked)
