"""Wait for a file, and write a row in the transaction of the outcome."""

import time
from datetime import timedelta
from pathlib import Path

from django.db import connection

from apps.jobs import Context, job


@job("kinds.gated", atomic=True, timeout=timedelta(minutes=2))
def gated(ctx: Context, gate: str) -> None:
    """Write a step once the file is there."""
    while not Path(gate).exists():
        time.sleep(0.02)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO steps_walked (job_id, step) VALUES (%s, 1)", [str(ctx.job_id)])
