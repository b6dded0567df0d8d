"""What people did to one job: the entries of the audit log about it, and the replays that it was in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from apps.jobs.kinds import arguments
from apps.jobs.models.action import Action
from apps.jobs.models.replay import Replay, Replayed
from apps.jobs.operating import actions

_MOST = 50
_LONGEST_VALUE = 200


class Change(NamedTuple):
    """One argument that was changed, as JSON; "not given" where it was left out."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that a person did to the job."""

    at: datetime
    actor: str
    verb: str
    reason: str
    replay_id: int | None = None
    changes: tuple[Change, ...] = ()


def history(job_id: UUID) -> list[AuditEntry]:
    """Return the latest entries about a job, the newest first."""
    about_it = [_entry(action) for action in actions.about(job_id, _MOST)]
    known = {entry.replay_id for entry in about_it}
    was_in = Replayed.objects.filter(job_id=job_id).order_by("-replay_id").values("replay_id")[:_MOST]
    others = Replay.objects.filter(pk__in=was_in).exclude(pk__in=[pk for pk in known if pk])
    among_others = [
        AuditEntry(record.asked_at, record.actor_name, "replay", record.reason, record.pk)
        for record in others
    ]
    return sorted([*about_it, *among_others], key=lambda entry: entry.at, reverse=True)[:_MOST]


def _entry(action: Action) -> AuditEntry:
    details = action.details
    changes = _changes(details.get("args_before") or {}, details["args"]) if "args" in details else ()
    return AuditEntry(
        action.at, action.actor_name, action.verb, action.reason, details.get("replay"), changes
    )


def _changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """Return what differs; a secret only by its name."""
    names = [name for name in {**before, **after} if _told(before, name) != _told(after, name)]
    hidden_before, hidden_after = arguments.masked(before), arguments.masked(after)
    return tuple(
        Change(name, _cut(_told(hidden_before, name)), _cut(_told(hidden_after, name))) for name in names
    )


def _told(args: Mapping[str, object], name: str) -> str:
    return json.dumps(args[name], ensure_ascii=False) if name in args else "not given"


def _cut(text: str) -> str:
    return arguments.cut(text, _LONGEST_VALUE)
