"""The keeper: one process of many leads and does what keeps the ledger moving.  Its duties are data."""

import logging
import os
import socket
import threading
from time import monotonic

from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now
from kombu import Producer

from apps.jobs.database_away import is_away
from apps.jobs.keeper import duties, lead
from apps.jobs.keeper.duties import Duty
from apps.jobs.keeper.probe import Probe
from apps.jobs.messages import broker
from apps.jobs.models.duty import Duty as DutyRecord

log = logging.getLogger("backline.keeper")

_STAND_BY_S = 2.0
_ASK_AGAIN_S = 1.0  # whether it still leads
_REST_AFTER_TROUBLE_S = 1.0
_BUSY_FOR_S = 5.0  # after a duty had something to do
_BREATH_S = 0.002  # between two rounds: the line fills, and others may have the processor
_TELL_EVERY_S = 5.0
_TELL_BUSY_S = 0.5


class Keeper:
    """Stand by until no other keeper leads; then lead until told to stop or the database is lost."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._leave = threading.Event()
        self._broker = LazyBroker()
        self._duties = duties.table(self._broker.producer)
        self._due_at = dict.fromkeys((duty.name for duty in self._duties), 0.0)
        self._busy_until: dict[str, float] = {}
        self._told_at: dict[str, float] = {}
        self._led: tuple[object, float] = (None, 0.0)  # over which session, and when it asked
        self._probe = Probe(self.name)

    def stop(self) -> None:
        """Ask the keeper to leave after the duty it is at."""
        self._leave.set()

    def run(self) -> None:
        """Lead or stand by until told to stop."""
        self._probe.listen()
        while not self._leave.is_set():
            try:
                leads = self._leads()
                self._probe.came_round(leads=leads)
                if leads:
                    self._do_what_is_due()
                elif lead.unseat_frozen():
                    log.warning("the leader asked nothing for too long; its session was ended")
                else:
                    self._leave.wait(_STAND_BY_S)
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s)", error)
                self._probe.lost_the_lead()
                connection.close()
                self._leave.wait(_REST_AFTER_TROUBLE_S)
        self._broker.close()
        connection.close()

    def _leads(self) -> bool:
        """Say whether it leads: that goes with the session, so with the same one it need not ask."""
        session, asked_at = self._led
        is_same = session is not None and session is connection.connection
        if is_same and monotonic() - asked_at < _ASK_AGAIN_S:
            return True
        leads = lead.leads()
        self._led = (connection.connection if leads else None, monotonic())
        return leads

    def _do_what_is_due(self) -> None:
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
            did = duty.do()
        except broker.BrokerAway as away:
            error = f"The broker is away: {away}"
            self._broker.close()
            self._due_at[duty.name] = monotonic() + _REST_AFTER_TROUBLE_S
        except Exception as surprise:  # one duty's fault must not end the others
            if is_away(surprise):
                raise  # the database went away, and the lead with it
            log.exception("%s failed", duty.name)
            error = f"{type(surprise).__name__}: {surprise}"
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
        news = {"keeper": self.name, "ran_at": Now(), "took_ms": took_ms, "did": did, "error": error[:500]}
        DutyRecord.objects.update_or_create(name=duty.name, defaults=news)


class LazyBroker:
    """One connection to the broker, opened when it is first needed and again after trouble."""

    def __init__(self) -> None:
        self._connection: object = None
        self._producer: Producer | None = None

    def producer(self) -> Producer:
        """Return something to publish with; raise BrokerAway."""
        if self._producer is None:
            self._connection = broker.connected()
            self._producer = self._connection.__enter__()
        return self._producer

    def close(self) -> None:
        """Drop the connection."""
        self._producer = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.__exit__(None, None, None)  # type: ignore[attr-defined]
