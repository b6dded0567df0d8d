"""Pause and resume queues and kinds.  Called by people, through pages and commands; the keeper does the rest.

While a queue is paused the relay passes it by. Jobs of a paused kind are parked when the relay meets them, so
that nobody stands behind them. What was in the broker unclaimed is recalled; what runs goes on.

A pause of a kind holds under all its names, and is kept by the first it ever had, which a release before a
rename knows too.
"""

from datetime import datetime
from time import monotonic

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from apps.jobs import registry, sql, storable
from apps.jobs.kinds.kind import lasting_name
from apps.jobs.kinds.spans import moment
from apps.jobs.models.pause import Pause
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor

_LONGEST_NAME = 200
_AT_ONCE = 5000  # parked jobs a statement
_AT_A_STRETCH_S = 0.5  # then the keeper's other duties have their turn


def pause(scope: str, name: str, *, until: datetime | None = None, reason: str = "", by: Actor = None) -> int:
    """Let nothing new of a queue or kind start; return how many jobs were recalled from the broker.

    A second pause replaces the first, and one of a kind's former name is one of the kind. Raise ValueError
    for another scope, no name or a time without a zone, UnknownKind for a kind that no job type has.
    """
    scope = Pause.Scope(scope)
    if not name or name != storable.clean(name[:_LONGEST_NAME]):
        raise ValueError(f"A {scope} has a name of at most {_LONGEST_NAME} letters, not {name!r}.")
    if until is not None and until.tzinfo is None:
        raise ValueError(f"until must have a time zone, not {until!r}.")
    if until is not None:
        moment("until", until)
    names = [name]
    if scope == Pause.Scope.KIND:
        task = registry.get(name)
        names, name = registry.names_of(task.name), lasting_name(task)
    with transaction.atomic():
        words = {
            "until": until,
            "reason": storable.clean(reason.strip()),
            "paused_at": Now(),
            "paused_by_id": actions.id_of(by),
        }
        Pause.objects.filter(scope=scope, name__in=names).exclude(name=name).delete()
        Pause.objects.update_or_create(scope=scope, name=name, defaults=words)
        recalled = recall()
        details = {"until": until.isoformat() if until else None}
        actions.record(
            "pause", f"{scope} {names[0]}", actor=by, count=recalled, reason=reason, details=details
        )
    return recalled


def resume(scope: str, name: str, *, reason: str = "", by: Actor = None) -> bool:
    """Let a queue or kind go on; say whether it was paused. The keeper puts its parked jobs in line again."""
    scope = Pause.Scope(scope)
    names = registry.names_of(name) if scope == Pause.Scope.KIND else [name]
    with transaction.atomic():
        ended = paused().filter(scope=scope, name__in=names).delete()[0]
        if ended:
            actions.record("resume", f"{scope} {names[0]}", actor=by, reason=reason)
    return bool(ended)


def paused() -> QuerySet[Pause]:
    """Return the pauses that hold now."""
    return Pause.objects.filter(Q(until=None) | Q(until__gt=Now())).order_by("scope", "name")


def paused_kinds() -> list[str]:
    """Return every name of the kinds that are paused now."""
    rows = paused().filter(scope=Pause.Scope.KIND).values_list("name", flat=True)
    return sorted({name for row in rows for name in registry.names_of(row)})


def recall() -> int:
    """Put jobs of all that is paused in line again when no worker claimed them yet; return how many.

    The keeper repeats it: a message may have been on its way when the pause began.
    """
    recalled, messages = 0, 1
    while messages:
        with transaction.atomic():
            bundles = [bundle for (bundle,) in sql.run("unclaimed", {"kinds": paused_kinds()})]
            if not bundles:
                break
            [(messages, jobs)] = sql.run("recall", {"bundles": bundles})
        recalled += jobs
    return recalled


def go_on() -> int:
    """End pauses whose time has come, and put what they parked in line again; return how many jobs."""
    sql.run("delete_expired_pauses", {})
    stop_at, moved = monotonic() + _AT_A_STRETCH_S, 0
    while monotonic() < stop_at:
        more = len(sql.run("unpark", {"batch": _AT_ONCE, "paused": paused_kinds()}))
        if not more:
            break
        moved += more
    return moved
