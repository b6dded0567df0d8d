"""Take back jobs whose worker died."""

from django.conf import settings

from apps.jobs import sql, transitions


def rescue() -> int:
    """Declare workers dead that fell silent and put their jobs back in line; return how many jobs.

    A job of a worker that was declared dead before is taken as well: its claim may have come late.
    """
    sql.run("dead_workers", {"patience": settings.BACKLINE_DEAD_AFTER_S})
    dead = [worker_id for (worker_id,) in sql.run("lost_workers", {})]
    return len(transitions.rescue(dead, max_deaths=settings.BACKLINE_MAX_DEATHS)) if dead else 0
