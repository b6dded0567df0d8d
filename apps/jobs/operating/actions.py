"""The audit log: who did what to jobs, queues or dead letters.  Everything a person may do ends here.

The entry is written in the caller's transaction: what was undone was never done.
"""

import getpass
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models.functions import Now

from apps.jobs import storable
from apps.jobs.models.action import Action
from apps.jobs.models.action_jobs import MOST_IDS, ActionJobs

# None is somebody at a shell, a text some part of Backline by its name.
Actor: TypeAlias = AbstractBaseUser | AnonymousUser | str | None

_LONGEST = 2000


def record(
    verb: str,
    subject: object,
    *,
    actor: Actor,
    count: int = 1,
    reason: str = "",
    details: Mapping[str, object] | None = None,
) -> Action:
    """Write down what somebody did, and to how many jobs."""
    return Action.objects.create(
        at=Now(),
        actor_id=id_of(actor),
        actor_name=name_of(actor),
        verb=verb,
        subject=_bounded(str(subject)),
        count=count,
        reason=_bounded(reason.strip()),
        details=dict(details or {}),
    )


def keep_jobs(entry: Action, jobs: Iterable[UUID]) -> None:
    """Keep which jobs an entry changed, when its subject does not name them."""
    ordered = sorted(jobs)
    blocks = [ordered[first : first + MOST_IDS] for first in range(0, len(ordered), MOST_IDS)]
    ActionJobs.objects.bulk_create(
        [ActionJobs(action=entry, first_id=ids[0], last_id=ids[-1], job_ids=ids) for ids in blocks]
    )


def about(job_id: UUID, most: int) -> list[Action]:
    """Return the latest entries that name this job or changed it together with others."""
    holds_it = {"first_id__lte": job_id, "last_id__gte": job_id, "job_ids__contains": [job_id]}
    with_others = (
        ActionJobs.objects.filter(**holds_it).order_by("-action_id").values_list("action_id", flat=True)
    )
    named = Action.objects.filter(subject=f"job {job_id}")[:most]
    found = {*named, *Action.objects.filter(pk__in=list(with_others[:most]))}
    return sorted(found, key=lambda entry: entry.pk, reverse=True)[:most]


def id_of(actor: Actor) -> int | None:
    """Return the account of somebody who has one."""
    return None if actor is None or isinstance(actor, str) else actor.pk


def name_of(actor: Actor) -> str:
    """Return what to call somebody later, when the account may be gone: the address, or the shell's login."""
    if isinstance(actor, str):
        return actor
    return actor.get_username() if actor else f"shell:{_login()}"


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an id without a name, as in many containers
        return "unknown"


def _bounded(text: str) -> str:
    return storable.clean(text[:_LONGEST])
