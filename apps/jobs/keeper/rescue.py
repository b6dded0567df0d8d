"""Take back jobs whose worker died."""

import logging
from time import monotonic

from django.conf import settings

from apps.jobs import crash_points, sql, transitions
from apps.jobs.keeper.set_clock import SetClock

log = logging.getLogger("backline.keeper")

_LATE_S = 2  # a heartbeat may come so much later than it should: time for a new session
_TAKE_EVERY_S = 2.0  # the jobs of workers that were declared dead before; reading the window costs more


class Rescue:
    """The rescue, again and again; it sees when the silence of workers says nothing about them."""

    def __init__(self) -> None:
        self._clock = SetClock()
        self._done_at: float | None = None
        self._took_at = 0.0

    def __call__(self) -> int:
        """Do what ``rescue`` does; after the clock was set or nobody could write, count silence from now."""
        seconds = self._clock.moved()
        jumped = abs(seconds or 0) > settings.BACKLINE_DEAD_AFTER_S / 3
        if jumped:
            log.warning("the database's clock was set by %+.0f s; silence is counted from now", seconds)
        elif (pause := self._pause()) > settings.BACKLINE_DEAD_AFTER_S * 2 / 3:
            jumped = True
            log.warning("nothing was rescued for %.0f s; silence is counted from now", pause)
        if jumped or seconds is None:
            sql.run("start_anew", {"jumped": jumped})
        rescued = 0
        if declare_dead() or monotonic() - self._took_at >= _TAKE_EVERY_S:
            rescued = take_back()
            self._took_at = monotonic()
        self._done_at = monotonic()
        return rescued

    def _pause(self) -> float:
        """Return for how many seconds nobody rescued: the database may have taken no heartbeat since then.

        Who stood by until now goes by what the leader wrote down last.
        """
        own = None if self._done_at is None else monotonic() - self._done_at
        if own is not None and own <= settings.BACKLINE_DEAD_AFTER_S * 2 / 3:
            return own
        [(written,)] = sql.run("last_rescue", {})
        return 0.0 if written is None else float(written if own is None else min(own, written))


def rescue() -> int:
    """Declare workers dead that fell silent and put their jobs back in line; return how many jobs."""
    declare_dead()
    return take_back()


def declare_dead() -> int:
    """Declare workers dead that fell silent; return how many."""
    silence = settings.BACKLINE_HEARTBEAT_S + _LATE_S
    return len(sql.run("dead_workers", {"patience": settings.BACKLINE_DEAD_AFTER_S, "silence": silence}))


def take_back() -> int:
    """Put the jobs of dead workers back in line; return how many.

    A job of a worker that was declared dead before is taken as well: its claim may have come late.
    """
    dead = [worker_id for (worker_id,) in sql.run("lost_workers", {})]
    if not dead:
        return 0
    crash_points.reached("rescue.before")
    rescued = transitions.rescue(dead, max_deaths=settings.BACKLINE_MAX_DEATHS)
    crash_points.reached("rescue.after")
    _end_frozen(dead)
    return len(rescued)


def _end_frozen(dead: list[int]) -> None:
    """End the sessions in which a dead worker froze over the row of a job; the next look takes that job."""
    patience = 2 * settings.BACKLINE_HEARTBEAT_S
    ended = sql.run("end_frozen", {"workers": dead, "patience": patience})
    if ended:
        log.warning("ended %d sessions of dead workers, which held their jobs' rows", len(ended))
