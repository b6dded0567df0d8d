"""The keeper: one process of many leads and does what keeps the ledger moving.  The duties are data."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models.functions import Now
from kombu import Producer

from apps.jobs import broker, partitions, relay, rescue, sql, transitions
from apps.jobs.models.duty import Duty as DutyRecord

log = logging.getLogger("backline.keeper")

_LEADER_LOCK = 0x6B656570  # "keep"
_STAND_BY_S = 2.0
_REST_AFTER_TROUBLE_S = 1.0
_TELL_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the leader does again and again."""

    name: str
    every_s: float
    do: Callable[[], int]  # returns how many rows it moved


class Keeper:
    """Stand by until no other keeper leads; then lead until told to stop or the database is lost."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._leave = threading.Event()
        self._broker = LazyBroker()
        self._duties = (
            Duty("relay", 0.1, lambda: relay.relay(self._broker.producer())),
            Duty("republish", 1.0, lambda: relay.republish(self._broker.producer())),
            Duty("release", 0.5, transitions.release),
            Duty("rescue", 2.0, rescue.rescue),
            Duty("sweep bundles", 5.0, lambda: len(sql.run("sweep_bundles", {}))),
            Duty("make partitions", 3600.0, partitions.make_weeks_ahead),
        )
        self._due_at = dict.fromkeys((duty.name for duty in self._duties), 0.0)
        self._told_at: dict[str, float] = {}

    def stop(self) -> None:
        """Ask the keeper to leave after the duty it is at."""
        self._leave.set()

    def run(self) -> None:
        """Lead or stand by until told to stop."""
        while not self._leave.is_set():
            try:
                if self._leads():
                    self._do_what_is_due()
                else:
                    self._leave.wait(_STAND_BY_S)
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s)", error)
                connection.close()
                self._leave.wait(_REST_AFTER_TROUBLE_S)
        self._broker.close()
        connection.close()

    def _leads(self) -> bool:
        """Take or still hold the leader's lock; it goes with the session, so a dead leader frees it."""
        [(leads,)] = sql.run("lead", {"lock": _LEADER_LOCK})
        return bool(leads)

    def _do_what_is_due(self) -> None:
        for duty in self._duties:
            if monotonic() >= self._due_at[duty.name] and not self._leave.is_set():
                self._due_at[duty.name] = monotonic() + duty.every_s
                self._do(duty)
        soonest = min(self._due_at.values()) - monotonic()
        self._leave.wait(max(0.01, soonest))

    def _do(self, duty: Duty) -> None:
        started, did, error = monotonic(), 0, ""
        try:
            did = duty.do()
        except broker.BrokerAway as away:
            error = f"The broker is away: {away}"
            self._broker.close()
            self._due_at[duty.name] = monotonic() + _REST_AFTER_TROUBLE_S
        except (OperationalError, InterfaceError):
            raise  # the database went away, and the lead with it
        except Exception as surprise:  # one duty's fault must not end the others
            log.exception("%s failed", duty.name)
            error = f"{type(surprise).__name__}: {surprise}"
        if did:
            log.debug("%s: %d", duty.name, did)
        if error:
            log.warning("%s: %s", duty.name, error)
        self._tell(duty, (monotonic() - started) * 1000, did, error)

    def _tell(self, duty: Duty, took_ms: float, did: int, error: str) -> None:
        """Write down when a duty last ran: at once when something happened, else every few seconds."""
        if (
            not did
            and not error
            and monotonic() - self._told_at.get(duty.name, -_TELL_EVERY_S) < _TELL_EVERY_S
        ):
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
