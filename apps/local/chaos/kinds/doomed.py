"""Fail for good at the first attempt, so that somebody may replay it."""

from apps.jobs import Context, RetryPolicy, job
from apps.local.chaos import sink


@job("chaos.doomed", retry=RetryPolicy(max_attempts=1))
def doomed(ctx: Context) -> None:
    """Fail."""
    sink.tell("begun", ctx.job_id, "doomed")
    raise ValueError("It is doomed.")
