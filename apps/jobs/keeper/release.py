"""Put sleeping jobs whose time has come in line: a duty of the keeper."""

from apps.jobs import transitions
from apps.jobs.stretch import at_a_stretch

_AT_ONCE = 2000  # about 0.1 s: so much later the other duties may begin


def release() -> int:
    """Release what is due; return how many jobs."""
    return at_a_stretch(_look)


def _look() -> tuple[int, bool]:
    released = transitions.release(_AT_ONCE)
    return released, released == _AT_ONCE
