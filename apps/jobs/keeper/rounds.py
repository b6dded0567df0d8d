"""Rounds: duties done when they are due, and written down; none is ended by another's trouble."""

import logging
import threading
from collections.abc import Sequence
from time import monotonic

from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from apps.jobs import storable
from apps.jobs.database_away import is_away
from apps.jobs.keeper.duties import Duty
from apps.jobs.keeper.probe import Probe
from apps.jobs.messages import broker
from apps.jobs.models.duty import Duty as DutyRecord
from apps.jobs.running import trouble

log = logging.getLogger("backline.keeper")

_REST_AFTER_TROUBLE_S = 1.0
_BUSY_FOR_S = 5.0  # after a duty had something to do
_BREATH_S = 0.002  # between two rounds: the line fills, and others may have the processor
_TELL_EVERY_S = 5.0
_TELL_BUSY_S = 0.5
_LONGEST_ERROR = 500


class Rounds:
    """What one thread of a keeper does again and again, over its own session."""

    def __init__(self, keeper: str, duties: Sequence[Duty], probe: Probe, leave: threading.Event) -> None:
        """Begin with all of them due; ``leave`` ends a round after the duty it is at."""
        self._keeper = keeper
        self._duties = duties
        self._probe = probe
        self._leave = leave
        self._due_at = dict.fromkeys((duty.name for duty in duties), 0.0)
        self._busy_until: dict[str, float] = {}
        self._told_at: dict[str, float] = {}

    def do_what_is_due(self) -> None:
        """Do each duty whose time has come, then rest; raise when the database is away."""
        for duty in self._duties:
            if monotonic() >= self._due_at[duty.name] and not self._leave.is_set():
                self._due_at[duty.name] = monotonic() + self._pause_of(duty)
                self._do(duty)
        soonest = min(self._due_at.values()) - monotonic()
        self._leave.wait(max(_BREATH_S, soonest))

    def _pause_of(self, duty: Duty) -> float:
        """Return how long a duty rests: one that lately had something to do is looked at more often."""
        is_busy = monotonic() < self._busy_until.get(duty.name, 0.0)
        return duty.busy_s if is_busy and duty.busy_s is not None else duty.every_s

    def _do(self, duty: Duty) -> None:
        started, did, error = monotonic(), 0, ""
        try:
            with self._probe.at(duty.name):
                did = duty.do()
        except broker.BrokerAway as away:
            error = f"The broker is away: {away}"
            self._due_at[duty.name] = monotonic() + _REST_AFTER_TROUBLE_S
        except Exception as surprise:  # one duty's fault must not end the others
            if is_away(surprise) and not isinstance(surprise.__cause__, LockNotAvailable):
                raise  # and with the session whatever it held
            log.exception("%s failed", duty.name)
            text, _, _ = trouble.message_of(surprise).partition("\n")  # the rest is for the log
            error = f"{type(surprise).__name__}: {text}"
        if did:
            self._busy_until[duty.name] = monotonic() + _BUSY_FOR_S
            log.debug("%s: %d", duty.name, did)
        if error:
            log.warning("%s: %s", duty.name, error)
        took_s = monotonic() - started
        self._probe.did(duty.name, rows=did, took_s=took_s, failed=bool(error))
        self._tell(duty, took_s * 1000, did, error)

    def _tell(self, duty: Duty, took_ms: float, did: int, error: str) -> None:
        """Write down when a duty last ran: trouble at once, work soon, else every few seconds."""
        rest_s = _TELL_BUSY_S if did else _TELL_EVERY_S
        if not error and monotonic() - self._told_at.get(duty.name, -_TELL_EVERY_S) < rest_s:
            return
        self._told_at[duty.name] = monotonic()
        text = storable.clean(error[:_LONGEST_ERROR])
        news = {"keeper": self._keeper, "ran_at": Now(), "took_ms": took_ms, "did": did, "error": text}
        DutyRecord.objects.bulk_create(  # sends no signals: no code of the project runs in this thread
            [DutyRecord(name=duty.name, **news)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=list(news),
        )
