"""Take back jobs whose worker died."""

from django.conf import settings

from apps.jobs import crash_points, sql, transitions

_LATE_S = 1  # a heartbeat may come so much later than it should


def rescue() -> int:
    """Declare workers dead that fell silent and put their jobs back in line; return how many jobs.

    A job of a worker that was declared dead before is taken as well: its claim may have come late.
    """
    silence = settings.BACKLINE_HEARTBEAT_S + _LATE_S
    sql.run("dead_workers", {"patience": settings.BACKLINE_DEAD_AFTER_S, "silence": silence})
    dead = [worker_id for (worker_id,) in sql.run("lost_workers", {})]
    if not dead:
        return 0
    crash_points.reached("rescue.before")
    rescued = transitions.rescue(dead, max_deaths=settings.BACKLINE_MAX_DEATHS)
    crash_points.reached("rescue.after")
    return len(rescued)
