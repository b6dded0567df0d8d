"""Forget what nobody asks for any more: ended replays, workers that stopped, limits that rest."""

from django.conf import settings

from apps.jobs import sql

_BATCH = 5000


def forget_old() -> int:
    """Delete some of each that is older than wanted; return how many rows. A duty of the keeper."""
    days = settings.BACKLINE_JOB_DAYS
    if days == 0:
        return 0
    [(gone,)] = sql.run("forget_old", {"days": days, "batch": _BATCH})
    return int(gone)
