"""Find live jobs that stand nowhere: not in line, not in the window, not parked.

No move leaves a job so. Should one be so all the same, by a fault of ours or by somebody's SQL, every other
duty would pass it by for ever, since those look into the small tables and not at every job.
"""

import logging
from uuid import UUID

from apps.jobs import sql

log = logging.getLogger("backline.keeper")

_AFTER_ALL = UUID(int=(1 << 128) - 1)


class Strays:
    """Look at a part of the ledger at each call, the newest first, and then again: a duty of the keeper."""

    def __init__(self, *, batch: int = 10_000) -> None:
        self._batch = batch
        self._before = _AFTER_ALL

    def __call__(self) -> int:
        """Put the strays among the next jobs where the other duties find them; return how many there were."""
        [(found, last)] = sql.run("find_strays", {"before": self._before, "batch": self._batch})
        self._before = last or _AFTER_ALL
        if found:
            log.error("%d jobs stood nowhere and are taken up again: %s", len(found), _named(found))
        return len(found)


def _named(jobs: list[UUID]) -> str:
    more = len(jobs) - 10
    return ", ".join(map(str, jobs[:10])) + (f" and {more} more" if more > 0 else "")
