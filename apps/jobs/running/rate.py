"""How fast a job goes: units a second, weighted towards the last half minute."""

import math
from time import monotonic

_MEMORY_S = 10.0  # after this long a sample weighs a third
_SHORTEST_S = 1e-6  # between two words; of next to nothing a rate is infinite


class Rate:
    """An exponentially weighted rate; it knows nothing until its second word."""

    def __init__(self) -> None:
        self._done: int | None = None
        self._at = 0.0
        self._rate: float | None = None

    def after(self, done: int) -> float | None:
        """Take in a new count and return the rate, None while one count is all there is."""
        now = monotonic()
        if self._done is not None and now - self._at > _SHORTEST_S and done >= self._done:
            sample = (done - self._done) / (now - self._at)
            weight = 1.0 if self._rate is None else 1 - math.exp((self._at - now) / _MEMORY_S)
            self._rate = sample if self._rate is None else self._rate + weight * (sample - self._rate)
        self._done, self._at = done, now
        return self._rate
