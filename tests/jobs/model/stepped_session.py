"""A session with the database whose transactions go on one statement at a time, when they are let."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING

from django.db import connection, transaction

from tests.jobs import steps
from tests.jobs.model.history import Move, moves_of_this_transaction
from tests.jobs.steps import Session, another_session

if TYPE_CHECKING:
    from concurrent.futures import Future

_SAVEPOINTS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
_PATIENCE_S = 30.0
_A_MOMENT_S = 0.01

Said = tuple[object, list[Move]]  # what the work returned, and what it moved


class Stand(Enum):
    """Where a session stands."""

    IDLE = auto()  # without a transaction
    BEFORE_A_STATEMENT = auto()  # of its transaction, until it is let on
    BLOCKED = auto()  # within a statement: another session holds what that wants
    DONE = auto()  # its work is done and its transaction open


class Abandoned(BaseException):
    """The model is over; nothing catches this but the session itself."""


class SteppedSession:
    """One session; all methods are for the thread that drives it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pid = session.pid
        self._turn = threading.Condition()
        self._allowed = 0
        self._waits_to_be_let = False
        self._is_abandoned = False
        self._work: Future[Said] | None = None

    def begin(self, work: Callable[[], object]) -> None:
        """Open a transaction and start this in it; it stops before its first statement."""
        self._allowed, self._waits_to_be_let, self._is_abandoned = 0, False, False
        self._work = self._session.start(lambda: self._in_a_transaction(work))
        self._work.add_done_callback(lambda _: self._tell())

    def let_on(self, statements: int) -> None:
        """Let it execute so many more statements."""
        with self._turn:
            self._waits_to_be_let = False
            self._allowed += statements
            self._turn.notify_all()

    def stand(self) -> Stand:
        """Wait until it does not go on by itself, and say where it stands."""
        if self._work is None:
            return Stand.IDLE
        give_up_at = monotonic() + _PATIENCE_S
        while not self._came_to_rest():
            if blockers(self.pid):
                return Stand.BLOCKED
            assert monotonic() < give_up_at, "a statement neither ends nor waits for another session"
        return Stand.DONE if self._work.done() else Stand.BEFORE_A_STATEMENT

    def said(self) -> Said:
        """Return what its work, which is done, returned and moved; raise what that raised."""
        assert self._work is not None
        return self._work.result(timeout=_PATIENCE_S)

    def end(self, *, commit: bool) -> None:
        """End its transaction, whose work is done."""
        self._session.do(lambda: self._leave(commit=commit))
        self._work = None

    def abandon(self) -> None:
        """Roll back whatever it is at."""
        if self._work is None:
            return
        with self._turn:
            self._is_abandoned = True
            self._turn.notify_all()
        while not self._work.done():
            _cancel_statement(self.pid)
            self._came_to_rest()
        self.end(commit=False)

    def _in_a_transaction(self, work: Callable[[], object]) -> Said:
        self._transaction = steps.open_transaction()
        self._transaction.__enter__()
        with connection.execute_wrapper(self._wait_to_be_let):
            answer = work()
        return answer, moves_of_this_transaction()

    def _tell(self) -> None:
        with self._turn:
            self._turn.notify_all()

    def _leave(self, *, commit: bool) -> None:
        if not commit:
            transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)

    def _wait_to_be_let(self, execute: Callable[..., object], text: object, *rest: object) -> object:
        if not str(text).startswith(_SAVEPOINTS):
            with self._turn:
                self._waits_to_be_let = self._allowed == 0
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._allowed or self._is_abandoned)
                if self._is_abandoned:
                    raise Abandoned
                self._allowed -= 1
        return execute(text, *rest)

    def _came_to_rest(self) -> bool:
        assert self._work is not None
        work = self._work
        with self._turn:
            return self._turn.wait_for(lambda: self._waits_to_be_let or work.done(), timeout=_A_MOMENT_S)


@contextmanager
def stepped_session() -> Iterator[SteppedSession]:
    """Open a session that goes step by step; close it at the end."""
    with another_session() as session:
        yield SteppedSession(session)


def blockers(pid: int) -> list[int]:
    """Return the sessions that one waits for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_blocking_pids(%s)", [pid])
        return list(cursor.fetchall()[0][0])


def _cancel_statement(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_cancel_backend(%s)", [pid])
