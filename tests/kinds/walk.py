"""Walk from 1 to n, one committed step after the other."""

import time

from django.db import connection, transaction

from apps.jobs import Context, job


@job("kinds.walk")
def walk(ctx: Context, steps: int, pause_ms: int = 0) -> int:
    """Write one row a step, each with its checkpoint; go on where the last attempt stopped."""
    start = int(ctx.cursor["step"]) if ctx.cursor else 0  # type: ignore[call-overload]
    for step in range(start + 1, steps + 1):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO steps_walked (job_id, step) VALUES (%s, %s)", [ctx.job_id, step])
            ctx.checkpoint({"step": step}, done=step, total=steps)
        time.sleep(pause_ms / 1000)
    return steps - start
