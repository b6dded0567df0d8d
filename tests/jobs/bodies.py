"""Give any function to the real run(): as a job type, with a job that was enqueued and claimed."""

import itertools
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from apps.jobs import RetryPolicy, job
from apps.jobs.running.run import run
from apps.jobs.transitions import Claim
from tests.jobs import steps

_numbers = itertools.count(1)
HOUR = timedelta(hours=1)


def run_body(
    body: Callable[..., object],
    *,
    timeout: timedelta = HOUR,
    max_attempts: int = 3,
    atomic: bool = False,
    made_for: Mapping[str, Any] | None = None,
    **args: Any,
) -> tuple[str, Claim]:
    """Enqueue, claim and run a body as a worker would; return its word and its claim."""
    kind = f"odd.body_{next(_numbers)}"
    if body.__name__ == "<lambda>":  # Celery writes a def with this name
        body.__name__ = "body"
    task = job(kind, timeout=timeout, atomic=atomic, retry=RetryPolicy(max_attempts=max_attempts))(body)
    claim = steps.running(kind=kind, args=args, max_attempts=max_attempts, **(made_for or {}))
    return run(task, claim), claim


def raising(error: BaseException) -> Callable[..., None]:
    """Make a body that raises."""

    def body() -> None:
        raise error

    return body
