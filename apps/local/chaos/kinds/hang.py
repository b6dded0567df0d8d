"""Never return, each way as bad code would; its time limit is two seconds."""

import ctypes
from datetime import timedelta

from django.db import connection

from apps.jobs import Context, RetryPolicy, job
from apps.local.chaos import sink


@job("chaos.hang", retry=RetryPolicy(max_attempts=1), timeout=timedelta(seconds=2))
def hang(ctx: Context, how: str) -> None:
    """Spin, sleep in C with Python's lock held, or wait for a row that another session holds."""
    sink.tell("begun", ctx.job_id, "hang")
    if how == "spin":
        while True:
            pass
    if how == "deaf":
        ctypes.PyDLL(None).sleep(25)
    if how == "lock":
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM chaos_held FOR UPDATE")
