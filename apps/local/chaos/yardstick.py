"""How fast this machine is just now: a shared host may be half as fast a minute later."""

from time import perf_counter

_LOOPS = 400_000  # about 30 ms
_TRIES = 3


def loops_per_s() -> float:
    """Return how often a second Python goes round an empty loop: the best of a few tries."""
    return _LOOPS / min(_once() for _ in range(_TRIES))


def _once() -> float:
    began = perf_counter()
    for _ in range(_LOOPS):
        pass
    return perf_counter() - began
