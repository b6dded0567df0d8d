"""LedgerScheduler: what `celery -A config beat` runs.

Run as many as you like. The tables are the schedule: nothing is kept in memory, so nothing can be
stale. The broker is not needed; a job that is due becomes a row, and the keeper sees to the rest.
"""

import logging
from time import monotonic

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, Error, close_old_connections, connection
from django_celery_beat.schedulers import DatabaseScheduler

from apps.jobs import unmigrated
from apps.jobs.database_away import is_away
from apps.schedules import heartbeat, sql
from apps.schedules.fire import fire
from apps.schedules.from_settings import bring_in
from apps.schedules.plan import BATCH as PLAN_BATCH
from apps.schedules.plan import plan
from apps.schedules.probe import Probe
from apps.schedules.waiting import start_waiting

log = logging.getLogger("backline.beat")

_LONGEST_SLEEP_S = 1.0  # an edit is seen at the next look
_LOCKED_BY_OTHERS_S = 0.2
_HEARTBEAT_S = 5.0
_PRUNE_S = 3600.0
_PRUNE_BATCH = 10_000
_REST_AFTER_TROUBLE_S = 1.0


class LedgerScheduler(DatabaseScheduler):  # type: ignore[misc]  # untyped base
    """Take due moments out of PostgreSQL; replace every part of the stock scheduler that keeps a copy."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Start with nothing; the first tick signs on."""
        super().__init__(*args, **kwargs)
        self._beat_id: int | None = None
        self._is_ticking = False
        self._spoke_at = 0.0
        self._prune_at = 0.0
        self._probe = Probe()

    @property
    def schedule(self) -> dict[str, object]:
        """Return no entries: beat holds none in memory."""
        return {}

    def setup_schedule(self) -> None:
        """Read nothing and install nothing: the tables are the schedule."""

    def sync(self) -> None:
        """Write nothing back: every tick committed what it did."""

    def tick(self, *_: object, **__: object) -> float:
        """Plan what was edited, fire what is due, and return how many seconds to sleep."""
        self._is_ticking = True
        try:
            close_old_connections()
            self._keep_house()
            planned, fired, started = plan(), fire(heartbeat.name()), start_waiting()
            self._probe.ticked(fired=fired + started, planned=planned)
            return self._pause(more=planned == PLAN_BATCH or fired > 0 or started > 0)
        except Error as error:
            if not is_away(error):
                raise
            log.warning("the database is away (%s); beat tries again", str(error).strip())
            connection.close()
            return _REST_AFTER_TROUBLE_S
        finally:
            self._is_ticking = False

    def close(self) -> None:
        """Sign off. Celery also calls this from its signal handler, in the middle of a tick's statement:
        then it waits for the second call, which comes after the tick was left.
        """
        if self._is_ticking or self._beat_id is None:
            return
        beat_id, self._beat_id = self._beat_id, None
        try:
            connection.close()  # the signal may have left a statement unfinished on it
            heartbeat.sign_off(beat_id)
        except DatabaseError as error:
            log.warning("could not sign off (%s); the silence will tell", str(error).strip())

    def _keep_house(self) -> None:
        if self._beat_id is None:
            _refuse_unmigrated()
            self._beat_id = heartbeat.sign_on()
            self._probe.listen()
            sql.run("adopt")
            for sentence in bring_in():
                log.warning("%s", sentence)
        if monotonic() - self._spoke_at >= _HEARTBEAT_S:
            if not heartbeat.say(self._beat_id):
                log.warning("the row of this beat was missing; registered again")
                self._beat_id = heartbeat.sign_on()
            self._spoke_at = monotonic()
        if monotonic() >= self._prune_at:
            pruned = len(sql.run("prune", {"batch": _PRUNE_BATCH}))
            self._prune_at = monotonic() + (0.0 if pruned == _PRUNE_BATCH else _PRUNE_S)

    def _pause(self, *, more: bool) -> float:
        if more:
            return 0.0
        [(wait,)] = sql.run("wait")
        if wait is None:
            return _LONGEST_SLEEP_S
        return min(wait, _LONGEST_SLEEP_S) if wait > 0 else _LOCKED_BY_OTHERS_S


def _refuse_unmigrated() -> None:
    """Raise when tables are missing; on SystemExit Celery's beat would end with exit code 0."""
    if text := unmigrated.sentence("schedules"):
        raise ImproperlyConfigured(text)
