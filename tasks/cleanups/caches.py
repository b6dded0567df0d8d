"""cleanups.caches: delete sessions and cached values that are over."""

from datetime import timedelta

from apps.jobs import Context, Unique, job
from apps.maintenance.expired import delete_expired_cache_rows, delete_expired_sessions


@job(
    "cleanups.caches",
    queue="maintenance",
    cron="7 * * * *",
    timeout=timedelta(minutes=30),
    unique=Unique(),
    expires=timedelta(hours=1),
)
def clear_caches(ctx: Context) -> dict[str, object]:
    """Delete sessions that are over, and expired rows of Django's caches where a cache is a table."""
    sessions = delete_expired_sessions()
    rows = delete_expired_cache_rows()
    ctx.log.info("Deleted %d sessions and %d cached values.", sessions, sum(rows.values()))
    return {"sessions": sessions, "cache_rows": rows}
