"""The duties that may take long, each group in a thread beside those for which jobs wait.

Counting a minute in which a million jobs ended, or reading the next ten thousand of ten million, would keep
the relay waiting.  The thread has a session of its own, so the lead does not go with it; what it does is
safe while another keeper does the same.
"""

import logging
import threading

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs.keeper.rounds import Rounds
from apps.lib.settings_in_force import Settings

log = logging.getLogger("backline.keeper")

# Statistics of a table that just grew are old; and the other duties must not wait for a lock.
_SETTINGS = {"enable_seqscan": "off", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s"}
_LOOK_AGAIN_S = 0.5  # whether its keeper leads
_REST_AFTER_TROUBLE_S = 1.0
_PATIENCE_S = 5.0  # with a statement when it is told to stop; a process that ends cuts it off unharmed


class Upkeep:
    """Do these duties while its keeper leads."""

    def __init__(self, name: str, rounds: Rounds, leave: threading.Event) -> None:
        self._name = name
        self._rounds = rounds
        self._leave = leave
        self._leads = False
        self._settings = Settings(_SETTINGS)
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin, and do nothing until the keeper leads."""
        self._thread.start()

    def came_round(self, *, leads: bool) -> None:
        """Hear whether the keeper leads; raise RuntimeError when a fault of ours ended the thread."""
        if self._fault is not None:
            raise RuntimeError(
                f"The thread of {self._name} ended, and the keeper with it: it must not lead without."
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
            log.exception("the thread of %s ended", self._name)
            self._fault = fault
        finally:
            connection.close()

    def _take_a_turn(self) -> None:
        try:
            if self._leads:
                with self._settings.in_force():
                    self._rounds.do_what_is_due()
            else:
                connection.close()
                self._leave.wait(_LOOK_AGAIN_S)
        except (DatabaseError, InterfaceError) as error:
            log.warning("%s waits, the database is away (%s)", self._name, error)
            connection.close()
            self._leave.wait(_REST_AFTER_TROUBLE_S)
