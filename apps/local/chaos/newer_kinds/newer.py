"""A job type that only the next release knows."""

from apps.jobs import Context, job
from apps.local.chaos import sink


@job("chaos.newer")
def newer(ctx: Context) -> None:
    """Say that it ran."""
    sink.tell("begun", ctx.job_id, "newer")
    sink.tell("done", ctx.job_id, "newer")
