"""When the next attempt may start."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter."""

    max_attempts: int = 3
    first: timedelta = timedelta(seconds=5)  # before the second attempt
    factor: float = 3.0
    longest: timedelta = timedelta(hours=1)

    def delay(self, failed_attempts: int) -> timedelta:
        """Return how long to wait after this many failures, spread by a quarter either way."""
        steps = min(failed_attempts - 1, 64)  # 3**64 s is past any longest; a float overflows later
        plain = min(self.first.total_seconds() * self.factor**steps, self.longest.total_seconds())
        return timedelta(seconds=plain * random.uniform(0.75, 1.25))
