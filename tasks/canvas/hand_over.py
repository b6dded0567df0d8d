"""Send the step of a canvas that is another package's task."""

from datetime import timedelta

from apps.jobs import RetryPolicy, job
from apps.jobs.running import foreign


@job(
    "canvas.hand_over",
    internal=True,
    retry=RetryPolicy(max_attempts=10, first=timedelta(seconds=1), factor=2.0),
)
def hand_over(name: str, args: list[object], kwargs: dict[str, object], options: dict[str, object]) -> None:
    """Send a step of a chain, group or chord to a task of another package, once its turn has come."""
    foreign.send(name, args, kwargs, options)
