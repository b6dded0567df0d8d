"""The keeper: one process of many leads and does what keeps the ledger moving.  Its duties are data."""

import logging
import os
import socket
import threading
from time import monotonic

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import unmigrated
from apps.jobs.keeper import duties, lead
from apps.jobs.keeper.lazy_broker import LazyBroker
from apps.jobs.keeper.probe import Probe
from apps.jobs.keeper.rounds import Rounds
from apps.jobs.keeper.upkeep import Upkeep

log = logging.getLogger("backline.keeper")

_STAND_BY_S = 2.0
_ASK_AGAIN_S = 1.0  # whether it still leads
_REST_AFTER_TROUBLE_S = 1.0


class Keeper:
    """Stand by until no other keeper leads; then lead until told to stop or the database is lost."""

    def __init__(self, name: str = "") -> None:
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._leave = threading.Event()
        self._broker = LazyBroker()
        self._probe = Probe(self.name)
        prompt, upkeep = duties.prompt(self._broker.use), duties.upkeep()
        self._rounds = Rounds(self.name, prompt, self._probe, self._leave)
        self._upkeep = Upkeep(Rounds(self.name, upkeep, self._probe, self._leave), self._leave)
        self._is_migrated = False
        self._led: tuple[object, float] = (None, 0.0)  # over which session, and when it asked

    def stop(self) -> None:
        """Ask the keeper to leave after the duties it is at."""
        self._leave.set()

    def run(self) -> None:
        """Lead or stand by until told to stop."""
        self._probe.listen()
        self._upkeep.start()
        while not self._leave.is_set():
            try:
                self._refuse_unmigrated()
                leads = self._leads()
                self._came_round(leads=leads)
                if leads:
                    self._rounds.do_what_is_due()
                elif lead.unseat_frozen():
                    log.warning("the leader asked nothing for too long; its session was ended")
                else:
                    self._leave.wait(_STAND_BY_S)
            except (DatabaseError, InterfaceError) as error:
                log.warning("the database is away (%s)", error)
                self._lost_the_lead()
                connection.close()
                self._leave.wait(_REST_AFTER_TROUBLE_S)
        self._broker.close()
        connection.close()
        self._upkeep.wait_until_left()

    def _refuse_unmigrated(self) -> None:
        """Exit at the start when the database lacks tables of this release."""
        if not self._is_migrated:
            unmigrated.refuse()
            self._is_migrated = True

    def _leads(self) -> bool:
        """Say whether it leads: that goes with the session, so with the same one it need not ask."""
        session, asked_at = self._led
        is_same = session is not None and session is connection.connection
        if is_same and monotonic() - asked_at < _ASK_AGAIN_S:
            return True
        leads = lead.leads()
        self._led = (connection.connection if leads else None, monotonic())
        return leads

    def _came_round(self, *, leads: bool) -> None:
        self._probe.came_round(leads=leads)
        self._upkeep.came_round(leads=leads)

    def _lost_the_lead(self) -> None:
        self._probe.lost_the_lead()
        self._upkeep.came_round(leads=False)
