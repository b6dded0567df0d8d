"""Replay facts to one listener: one that came later, or one whose jobs were wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from apps.events.choosing import FactFilter, unheard_by
from apps.events.deliver import Heard, start
from apps.events.event import known
from apps.events.listeners import arguments_for, heard_by
from apps.events.models import Fact
from apps.jobs import registry
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor
from apps.jobs.operating.dead_letters import given_reason
from apps.jobs.origin import Origin
from apps.lib.ids import first_id_of

if TYPE_CHECKING:
    from apps.jobs.task import JobTask

_BLOCK = 500
_MOST_TOLD = 10


class NotListening(ValueError):  # noqa: N818
    """The job type listens to nothing, so that no fact can be replayed to it."""


@dataclass(slots=True)
class Replayed:
    """What came of a replay."""

    given: int = 0
    unfit: int = 0  # facts that lack what the listener wants
    reasons: list[str] = field(default_factory=list)  # of the first of them


def count(chosen: FactFilter, *, to: str, again: bool = False, most: int | None = None) -> int:
    """Count the facts that a replay would give to a listener, up to so many.

    Raise NotListening and UnknownKind.
    """
    return _meant(chosen, _listener(to), again=again)[:most].count()


def replay(chosen: FactFilter, *, to: str, actor: Actor, reason: str, again: bool = False) -> Replayed:
    """Start a job of one listener for each fact, those that it has not heard or, with ``again``, all.

    A block at a time, each in a transaction of its own: what was cut off is gone on with by doing it again,
    and of two at once neither gives what the other gave. A fact that lacks what the listener wants is left
    out and told. Raise NotListening, UnknownKind, and ValueError without a reason.
    """
    why, task = given_reason(reason), _listener(to)
    meant = _meant(chosen, task, again=again).filter(id__lt=first_id_of(datetime.now(UTC)))
    actions.record(
        "replay facts",
        f"{to}: {chosen}",
        actor=actor,
        count=meant.count(),
        reason=why,
        details=chosen.as_json(),
    )
    done, last = Replayed(), None
    while (last := _replay_block(meant, task, done, after=last)) is not None:
        pass
    return done


def _listener(to: str) -> "JobTask[..., object]":
    task = registry.get(to)
    if not heard_by(task):
        raise NotListening(f"{to} listens to no event. Give its @job an on=.")
    return task


def _meant(chosen: FactFilter, task: "JobTask[..., object]", *, again: bool) -> QuerySet[Fact]:
    facts = chosen.facts().filter(name__in=sorted(heard_by(task)))
    return facts if again else unheard_by(registry.names_of(task.name), facts)


def _replay_block(
    meant: QuerySet[Fact], task: "JobTask[..., object]", done: Replayed, *, after: UUID | None
) -> UUID | None:
    """Replay the next facts after this one; return the last of them, None when there were none."""
    with transaction.atomic():
        _wait_for_turn(task.name)
        block = list((meant if after is None else meant.filter(id__gt=after))[:_BLOCK])
        for asking, facts in _by_asking(block):
            pairs = [(fact, task) for fact in facts if _fits(fact, task, done)]
            done.given += start(pairs, asking)
    return block[-1].pk if block else None


def _wait_for_turn(kind: str) -> None:
    """Let one replay at a time give facts to a listener: the next then sees what was given."""
    key = int.from_bytes(sha256(f"replay to {kind}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _by_asking(block: list[Fact]) -> Iterator[tuple[Origin, list[Heard]]]:
    """Yield facts with the one for whom they were emitted: their jobs take that one's turn."""
    groups: dict[Origin, list[Heard]] = {}
    for fact in block:
        asking = Origin(
            owner_id=fact.owner_id, trigger="event", tenant=fact.tenant, request_id=fact.request_id
        )
        groups.setdefault(replace(asking, parent_id=fact.parent_id), []).append(
            Heard(fact.pk, fact.name, _whole(fact))
        )
    yield from groups.items()


def _whole(fact: Fact) -> dict[str, object]:
    """Return a fact's fields with the defaults of those that the event did not have then."""
    event = known().get(fact.name)
    return {**(event.defaults() if event is not None else {}), **fact.data}


def _fits(fact: Heard, task: "JobTask[..., object]", done: Replayed) -> bool:
    try:
        task.validator.text((), arguments_for(task, fact.data))
    except (TypeError, ValueError) as error:
        done.unfit += 1
        if len(done.reasons) < _MOST_TOLD:
            done.reasons.append(f"event {fact.id}: {error}")
        return False
    return True
