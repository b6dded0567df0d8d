"""Call an errback of a job whose outcome no process of a pool wrote."""

from apps.jobs import RetryPolicy, job
from apps.jobs.running import errbacks


@job("canvas.call_errback", internal=True, atomic=True, retry=RetryPolicy(max_attempts=1))
def call_errback(errback: dict[str, object], task_id: str, error: dict[str, object]) -> None:
    """Call an errback with the request and the error of a job that was killed, once, within a limit."""
    errbacks.call(errback, task_id, error)
