"""Exactly once, and many rows: a COPY that is committed with the completion."""

import time

from django.db import connection

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN

ROWS = 500


@job("chaos.copying", retry=STUBBORN, atomic=True)
def copying(ctx: Context, ms: int = 0) -> None:
    """Copy rows and take a while."""
    sink.tell("begun", ctx.job_id, "copying")
    with connection.cursor() as cursor, cursor.copy("COPY chaos_copied (job, number) FROM STDIN") as copy:
        for number in range(ROWS):
            copy.write_row([ctx.job_id, number])
    time.sleep(ms / 1000)
    sink.tell("done", ctx.job_id, "copying")
