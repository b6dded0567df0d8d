"""The keeper: one process of many leads and does what keeps the ledger moving.  Its duties are data."""

import logging
import os
import socket
import threading
from collections.abc import Sequence

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import unmigrated
from apps.jobs.keeper import duties
from apps.jobs.keeper.lazy_broker import LazyBroker
from apps.jobs.keeper.lead import Lease
from apps.jobs.keeper.probe import Probe
from apps.jobs.keeper.rounds import Rounds
from apps.jobs.keeper.upkeep import Upkeep
from apps.lib.settings_in_force import Settings

log = logging.getLogger("backline.keeper")

_STAND_BY_S = 0.2
_REST_AFTER_TROUBLE_S = 1.0
# Prepared plans stay: one that reads the whole line, made while that was empty, must not be made.
# A duty that waits for a lock fails and says so; a keeper that freezes in a transaction loses its locks.
_SETTINGS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}


class Keeper:
    """Stand by until no other keeper leads; then lead until told to stop or the database is lost."""

    def __init__(self, name: str = "") -> None:
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._leave = threading.Event()
        self._broker = LazyBroker()
        self._probe = Probe(self.name)
        self._rounds = self._rounds_of(duties.prompt(self._broker.use))
        beside = {"upkeep": duties.upkeep(), "settling": duties.settling()}
        self._beside = [Upkeep(name, self._rounds_of(each), self._leave) for name, each in beside.items()]
        self._settings = Settings(_SETTINGS)
        self._lease = Lease(self.name, self._leave)

    def stop(self) -> None:
        """Ask the keeper to leave after the duties it is at."""
        self._leave.set()

    def run(self) -> None:
        """Lead or stand by until told to stop."""
        self._probe.listen()
        self._start()
        try:
            self._work()
        finally:
            self._leave.set()
            self._lease.release()
            self._broker.close()
            connection.close()
            for thread in self._beside:
                thread.wait_until_left()

    def _rounds_of(self, group: Sequence[duties.Duty]) -> Rounds:
        return Rounds(self.name, group, self._probe, self._leave)

    def _work(self) -> None:
        while not self._leave.is_set():
            try:
                self._take_a_turn()
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s)", error)
                self._lost_the_lead()
                connection.close()
                self._leave.wait(_REST_AFTER_TROUBLE_S)

    def _start(self) -> None:
        """Start the threads when the database has the tables of this release; exit when it lacks one."""
        while not self._leave.is_set():
            try:
                unmigrated.refuse()
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s)", error)
                connection.close()
                self._leave.wait(_REST_AFTER_TROUBLE_S)
            else:
                break
        self._lease.start()
        for thread in self._beside:
            thread.start()

    def _take_a_turn(self) -> None:
        leads = self._lease.is_held()
        if leads or self._lease.is_fresh():
            self._probe.came_round(leads=leads)
        for thread in self._beside:
            thread.came_round(leads=leads)
        if leads:
            with self._settings.in_force():
                self._rounds.do_what_is_due()
        else:
            connection.close()
            self._leave.wait(_STAND_BY_S)

    def _lost_the_lead(self) -> None:
        self._probe.lost_the_lead()
        for thread in self._beside:
            thread.came_round(leads=False)
