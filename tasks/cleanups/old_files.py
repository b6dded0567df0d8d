"""cleanups.old_files: remove the files of jobs that are forgotten."""

from datetime import timedelta

from apps.jobs import Context, Unique, job
from apps.jobs.keeper.old_files import remove_old_files


@job(
    "cleanups.old_files",
    queue="maintenance",
    timeout=timedelta(minutes=30),
    unique=Unique(),
    cron="37 3 * * *",
)
def old_files(ctx: Context) -> dict[str, int]:
    """Remove files that jobs left for people, once the ledger has forgotten the jobs."""
    removed = 0
    for some in remove_old_files():
        removed += some
        ctx.progress(removed, note="jobs' folders removed")
    return {"removed": removed}
