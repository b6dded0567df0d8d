"""A message of a kind that this worker has no code for.  Called by the consumer.

Celery would drop it, the keeper would send it again, and so for ever. Its jobs are given back to wait for a
worker that knows them, and end as dead letters when there is none.
"""

import logging
from collections.abc import Mapping
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection, transaction

from apps.jobs import process, transitions
from apps.jobs.messages import dead_messages

log = logging.getLogger("backline.worker")


def is_ours(headers: Mapping[str, object]) -> bool:
    """Say whether a message carries jobs of the ledger, not a task of some other package."""
    return isinstance(headers.get("bundle"), str) and isinstance(headers.get("jobs"), list)


def set_aside(headers: Mapping[str, object]) -> None:
    """Give back or bury what a message names; one that cannot be read is left to the keeper."""
    try:
        bundle = UUID(str(headers["bundle"]))
        ids = [UUID(str(job_id)) for job_id in headers["jobs"]]  # type: ignore[attr-defined]  # a list: see is_ours
    except ValueError:
        dead_messages.keep("It names no jobs that can be read.", headers=headers)
        connection.close()
        return
    try:
        with transaction.atomic():  # a claim without its outcome would be held by this worker for ever
            claims = transitions.claim(ids, bundle=bundle, worker_id=process.worker_id())
            became = transitions.set_aside(claims) if claims else {}
    except (DatabaseError, InterfaceError) as error:
        log.warning("the database is away (%s); the keeper sends bundle %s again", error, bundle)
        return
    finally:
        connection.close()  # it must not be open in this process when a child is forked
    for state, count in became.items():
        log.warning(
            "%s: no job type has this name here; %d jobs are %s", headers.get("task"), count, state.label
        )
