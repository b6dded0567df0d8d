"""Upkeep: the duties that may take seconds, in a thread beside those for which jobs wait.

Counting a minute in which a million jobs ended, or reading the next ten thousand of ten million, would keep
the relay waiting.  The thread has a session of its own, so the lead does not go with it; what it does is
safe while another keeper does the same.
"""

import logging
import threading

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import sql
from apps.jobs.keeper.rounds import Rounds

log = logging.getLogger("backline.keeper")

_FOR_A_LOCK = "5s"
_LOOK_AGAIN_S = 0.5  # whether its keeper leads
_REST_AFTER_TROUBLE_S = 1.0
_PATIENCE_S = 5.0  # with a statement when it is told to stop; a process that ends cuts it off unharmed


class Upkeep:
    """Do these duties while its keeper leads."""

    def __init__(self, rounds: Rounds, leave: threading.Event) -> None:
        self._rounds = rounds
        self._leave = leave
        self._leads = False
        self._fault: Exception | None = None
        self._session: object = None
        self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin, and do nothing until the keeper leads."""
        self._thread.start()

    def came_round(self, *, leads: bool) -> None:
        """Hear whether the keeper leads; raise RuntimeError when a fault of ours ended the thread."""
        if self._fault is not None:
            raise RuntimeError(
                "Upkeep ended, and the keeper with it: it must not lead without."
            ) from self._fault
        self._leads = leads

    def wait_until_left(self) -> None:
        """Wait for the duty that it is at, but not for long."""
        self._thread.join(_PATIENCE_S)

    def _work(self) -> None:
        try:
            while not self._leave.is_set():
                self._take_a_turn()
        except Exception as fault:  # told in the thread whose end ends the process
            log.exception("upkeep ended")
            self._fault = fault
        finally:
            connection.close()

    def _take_a_turn(self) -> None:
        try:
            if self._leads:
                self._set_the_session_up()
                self._rounds.do_what_is_due()
            else:
                connection.close()
                self._leave.wait(_LOOK_AGAIN_S)
        except (DatabaseError, InterfaceError) as error:
            log.warning("upkeep waits, the database is away (%s)", error)
            connection.close()
            self._leave.wait(_REST_AFTER_TROUBLE_S)

    def _set_the_session_up(self) -> None:
        """Have a new session plan by the indexes, as the leader's does, since statistics of a table that just
        grew are old; and give up a lock that somebody holds: the other duties must not wait for it.
        """
        if self._session is None or self._session is not connection.connection:
            sql.run("plan_by_indexes", {"patience": _FOR_A_LOCK})
            self._session = connection.connection
