"""A waiting job's place in line."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from apps.jobs.models import Job
from apps.jobs.states import CLAIMABLE
from apps.lib.words import count
from apps.web import sql

_MOST_DRAWN = 6
_COUNTED_TO = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """How many jobs go first."""

    ahead: int

    @property
    def sentence(self) -> str:
        """Say the place."""
        if self.ahead == 0:
            return "next"
        if self.ahead >= _COUNTED_TO:
            return f"more than {_COUNTED_TO:,} jobs ahead of you"
        return f"{count(self.ahead, 'job')} ahead of you"

    @property
    def people(self) -> list[int]:
        """Return the x of each circle to draw for those ahead."""
        return [24 + 16 * number for number in range(min(self.ahead, _MOST_DRAWN))]

    @property
    def track_x(self) -> int:
        """Return the x of the line that everybody waits for."""
        return 19 + 16 * min(self.ahead, _MOST_DRAWN)


def places(jobs: Iterable[Job]) -> dict[UUID, Place]:
    """Find the place of every job that stands in line."""
    ids = [job.pk for job in jobs if job.state in CLAIMABLE]
    if not ids:
        return {}
    return {job_id: Place(ahead) for job_id, ahead in sql.run("places", {"ids": ids})}
