"""Pause and resume queues and kinds.  Called by people, through pages and commands; the keeper does the rest.

While a queue is paused the relay passes it by. Jobs of a paused kind are parked when the relay meets them, so
that nobody stands behind them. What was in the broker unclaimed is recalled; what runs goes on.
"""

from datetime import datetime
from time import monotonic

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from apps.jobs import registry, sql, storable
from apps.jobs.models.pause import Pause
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor

_LONGEST_NAME = 200
_AT_ONCE = 5000  # parked jobs a statement
_AT_A_STRETCH_S = 0.5  # then the keeper's other duties have their turn


def pause(scope: str, name: str, *, until: datetime | None = None, reason: str = "", by: Actor = None) -> int:
    """Let nothing new of a queue or kind start; return how many jobs were recalled from the broker.

    A second pause replaces the first. Raise ValueError for another scope, no name or a time without a zone,
    UnknownKind for a kind that no job type has.
    """
    scope = Pause.Scope(scope)
    if not name or name != storable.clean(name[:_LONGEST_NAME]):
        raise ValueError(f"A {scope} has a name of at most {_LONGEST_NAME} letters, not {name!r}.")
    if until is not None and until.tzinfo is None:
        raise ValueError(f"until must have a time zone, not {until!r}.")
    if scope == Pause.Scope.KIND:
        registry.get(name)
    with transaction.atomic():
        words = {
            "until": until,
            "reason": storable.clean(reason.strip()),
            "paused_at": Now(),
            "paused_by_id": actions.id_of(by),
        }
        Pause.objects.update_or_create(scope=scope, name=name, defaults=words)
        recalled = recall()
        details = {"until": until.isoformat() if until else None}
        actions.record("pause", f"{scope} {name}", actor=by, count=recalled, reason=reason, details=details)
    return recalled


def resume(scope: str, name: str, *, reason: str = "", by: Actor = None) -> bool:
    """Let a queue or kind go on; say whether it was paused. The keeper puts its parked jobs in line again."""
    scope = Pause.Scope(scope)
    with transaction.atomic():
        ended = paused().filter(scope=scope, name=name).delete()[0]
        if ended:
            actions.record("resume", f"{scope} {name}", actor=by, reason=reason)
    return bool(ended)


def paused() -> QuerySet[Pause]:
    """Return the pauses that hold now."""
    return Pause.objects.filter(Q(until=None) | Q(until__gt=Now())).order_by("scope", "name")


def recall() -> int:
    """Put jobs of all that is paused in line again when no worker claimed them yet; return how many.

    The keeper repeats it: a message may have been on its way when the pause began.
    """
    recalled, messages = 0, 1
    while messages:
        with transaction.atomic():
            bundles = [bundle for (bundle,) in sql.run("unclaimed", {})]
            if not bundles:
                break
            [(messages, jobs)] = sql.run("recall", {"bundles": bundles})
        recalled += jobs
    return recalled


def go_on() -> int:
    """End pauses whose time has come, and put what they parked in line again; return how many jobs."""
    Pause.objects.filter(until__lte=Now()).delete()
    stop_at, moved = monotonic() + _AT_A_STRETCH_S, 0
    while monotonic() < stop_at:
        more = len(sql.run("unpark", {"batch": _AT_ONCE}))
        if not more:
            break
        moved += more
    return moved
