"""Forget facts that are older than wanted: a duty of the keeper."""

from django.conf import settings

from apps.events import sql

_BATCH = 5000


def prune() -> int:
    """Delete some of the oldest facts with their deliveries; return how many. Their jobs stay."""
    [(gone,)] = sql.run("prune_facts", {"batch": _BATCH, "days": settings.BACKLINE_EVENT_DAYS})
    return int(gone)
