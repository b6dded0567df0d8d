"""How often these jobs may fail: faults of the rig are not the job's fault."""

from datetime import timedelta

from apps.jobs import RetryPolicy

STUBBORN = RetryPolicy(
    max_attempts=20, first=timedelta(milliseconds=300), factor=1.5, longest=timedelta(seconds=3)
)
