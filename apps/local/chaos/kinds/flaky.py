"""Fail as long as the harness says that the other side is down."""

import os
from datetime import timedelta
from pathlib import Path

from apps.jobs import Context, RetryPolicy, job
from apps.local.chaos import sink


@job("chaos.flaky", retry=RetryPolicy(max_attempts=20, first=timedelta(seconds=2), factor=1.5))
def flaky(ctx: Context) -> None:
    """Call the other side."""
    sink.tell("begun", ctx.job_id, "flaky")
    if Path(os.environ[sink.DIRECTORY], "down").exists():
        raise ConnectionError("The other side is down.")
    sink.tell("done", ctx.job_id, "flaky")
