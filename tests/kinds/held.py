"""Stay until one is let go, and one foreign task that leaves a trace."""

import time
from pathlib import Path

from celery import shared_task

from apps.jobs import job


@job("kinds.held")
def held(until: str, password: str = "") -> str:
    """Stay until there is a file; the password is nobody's business."""
    while not Path(until).exists():
        time.sleep(0.02)
    return f"let go, {len(password)} letters secret"


@shared_task(name="elsewhere.touch")
def touch(path: str) -> None:
    """Make a file, as a task of another package."""
    Path(path).touch()
