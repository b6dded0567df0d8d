"""Forget what nobody asks for any more: ended replays, workers that stopped, limits that rest."""

from django.conf import settings

from apps.jobs import sql
from apps.jobs.keeper.sober_clock import earliest_now


class ForgetOld:
    """Delete some of each that is older than wanted: a duty of the keeper.

    There may be a million limits, one for each value of an argument: each call looks at the next of them.
    """

    def __init__(self, *, batch: int = 5000) -> None:
        self._batch = batch
        self._after = ""  # of the limits' keys

    def __call__(self) -> int:
        """Look once; return how many rows are gone."""
        days = settings.BACKLINE_JOB_DAYS
        if days == 0:
            return 0
        params = {"now": earliest_now(), "days": days, "batch": self._batch, "after": self._after}
        [(gone, last)] = sql.run("forget_old", params)
        self._after = last or ""
        return int(gone)
