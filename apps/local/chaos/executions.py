"""Whether each execution of a job beyond its first has a reason (I4).

Every attempt that did not end well is written down when it ends, and the next begins after that. Only a
PostgreSQL that dies may forget a claim, and an older copy of it more than that.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.local.chaos.sink import Line

_UNFLUSHED_S = 1.0  # a claim may be so old when a dying PostgreSQL forgets it


@dataclass(frozen=True, slots=True)
class Gap:
    """A time whose claims PostgreSQL may have forgotten, by the witness's clock."""

    since: float
    until: float

    def lies_between(self, first: float, again: float) -> bool:
        """Say whether it explains why a job that began then began again."""
        return self.since <= again and first - _UNFLUSHED_S <= self.until


def unexplained(lines: Iterable[Line], reasons: Mapping[str, int], gaps: Sequence[Gap]) -> set[str]:
    """Return jobs that were executed more often than the attempts that the ledger holds say why."""
    begun: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        if line.what == "begun":
            begun[line.job].append(line.at)
    return {job for job, times in begun.items() if len(_outside(sorted(times), gaps)) > reasons.get(job, 0)}


def _outside(times: list[float], gaps: Sequence[Gap]) -> list[float]:
    """Return the executions beyond the first that no gap explains."""
    return [
        again for first, again in pairwise(times) if not any(gap.lies_between(first, again) for gap in gaps)
    ]
