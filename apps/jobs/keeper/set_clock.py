"""Notice that somebody set the database's clock, by one that nobody sets."""

from time import monotonic
from typing import TYPE_CHECKING

from apps.jobs import sql

if TYPE_CHECKING:
    from datetime import datetime


class SetClock:
    """What the database's clock showed at the last look, and how much time passed since."""

    def __init__(self) -> None:
        self._seen: tuple[datetime, float] | None = None

    def moved(self) -> float | None:
        """Return by how many seconds it was set forward or back since the last look; None at the first."""
        [(now,)] = sql.run("clock", {})
        passed_at = monotonic()
        seen, self._seen = self._seen, (now, passed_at)
        return None if seen is None else (now - seen[0]).total_seconds() - (passed_at - seen[1])
