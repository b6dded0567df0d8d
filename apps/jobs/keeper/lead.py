"""The lead: a row with a lease that its holder renews each second, from a thread beside the duties.

It needs no database session of its own, so it works behind a pooler. The lease of a keeper that died, froze
or lost its network runs out. One that wakes up finds it over; what it still did was fenced by the database.
"""

import logging
import threading
from time import monotonic
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import sql
from apps.jobs.models.lead import LEASE_S

log = logging.getLogger("backline.keeper")

_RENEW_S = 1.0
_FRESH_S = 3.0  # an older answer says nothing about the database
_HUNG_S = 30.0  # a keeper whose duties stand still for so long gives up the lead


class Lease(threading.Thread):
    """Ask for the lead each second, and know until when it is held."""

    def __init__(self, keeper: str, leave: threading.Event) -> None:
        super().__init__(name="lease", daemon=True)
        self._keeper = keeper
        self._leave = leave
        self._holder = uuid4()
        self._until = 0.0  # by the monotonic clock
        self._answered_at = 0.0
        self._came_round_at = monotonic()
        self._fault: Exception | None = None

    def is_held(self) -> bool:
        """Return whether this keeper leads now; raise RuntimeError when a fault of ours ended the thread."""
        self._came_round_at = monotonic()
        if self._fault is not None:
            raise RuntimeError(
                "The thread that renews the lead ended, and the keeper with it."
            ) from self._fault
        return monotonic() < self._until

    def is_fresh(self) -> bool:
        """Return whether the database answered lately who leads."""
        return monotonic() - self._answered_at < _FRESH_S

    def run(self) -> None:
        """Take or renew the lead until the keeper leaves."""
        try:
            while not self._leave.is_set():
                if monotonic() - self._came_round_at < _HUNG_S:
                    self._ask()
                self._leave.wait(_RENEW_S)
        except Exception as fault:  # raised in the thread whose end ends the process
            log.exception("the thread that renews the lead ended")
            self._fault = fault
        finally:
            connection.close()

    def release(self) -> None:
        """Give up the lead when the duties have ended, so that another keeper need not wait for its end."""
        if self.is_alive():
            self.join(LEASE_S)
        try:
            sql.run("release_lead", {"holder": self._holder})
        except (DatabaseError, InterfaceError) as error:
            log.warning("could not give up the lead (%s); its lease runs out", error)

    def _ask(self) -> None:
        asked_at = monotonic()  # before the database's clock is read: here the lease ends no later than there
        params = {"holder": self._holder, "keeper": self._keeper, "lease": LEASE_S}
        try:
            leads = bool(sql.run("lead", params))
        except (DatabaseError, InterfaceError) as error:
            log.warning("the lead was not renewed (%s)", error)
            connection.close()
            return
        self._answered_at = monotonic()
        self._until = asked_at + LEASE_S if leads else 0.0
