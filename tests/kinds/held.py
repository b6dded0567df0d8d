"""Stay until one is let go, and foreign tasks that leave a trace or are given secrets."""

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


@shared_task(name="elsewhere.login")
def login(until: str, password: str, **options: object) -> dict[str, object]:
    """Stay until there is a file, as a task of another package; its arguments and its result hold secrets."""
    while not Path(until).exists():
        time.sleep(0.02)
    if options.get("fails"):
        raise ValueError(f"cannot log in: password={password}")
    return {"token": password, "address": f"redis://:{password}@here/0"}
