"""Stop what runs past its limit or was cancelled, when its body does not stop by itself.

Called by the worker's voice at each look. A body hears of its limit and of a cancel by a signal in its
own process (see ``interrupt``); one that is deaf, because it spins in C, blocks or swallows what it is told,
is killed with its process. Whom and why is kept until the death was dealt with (see ``lost_child``).
"""

import logging
import os
import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from uuid import UUID

from django.conf import settings

from apps.jobs import sql
from apps.jobs.running.interrupt import CANCEL
from apps.jobs.running.slate import Entry, Slate

log = logging.getLogger("backline.worker")

_SAY_AGAIN_S = 1.0  # to a body that goes on: time to clean up, for one that heard

Key = tuple[UUID, UUID]  # job, lease


class Reason(Enum):
    """Why a process was killed."""

    OVERDUE = "overdue"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A process that had to be killed, and the job that was meant."""

    entry: Entry
    reason: Reason


@dataclass(slots=True)
class _Asked:
    first_at: float
    last_at: float


class Enforcer:
    """The limits and cancels of one worker's children."""

    def __init__(
        self,
        slate: Slate,
        send: Callable[[int, signal.Signals], bool],
        *,
        kills_for_cancel: bool = True,
    ) -> None:
        """Read the slate; ``send`` signals a child, and nobody else who may have its number by now.

        ``kills_for_cancel`` is False where the process runs other jobs beside the cancelled one.
        """
        self._kills_for_cancel = kills_for_cancel
        self.killed = 0  # for the metrics
        self._slate = slate
        self._send = send
        self._sentences: dict[int, Sentence] = {}
        self._asked: dict[Key, _Asked] = {}
        self._seen: set[Key] = set()

    def end_overdue(self, children: Collection[int]) -> None:
        """Kill what did not stop at its limit; no database is needed for that."""
        latest = monotonic() - settings.BACKLINE_KILL_GRACE_S
        for entry in self._running(children):
            if entry.until < latest:
                self._kill(entry, Reason.OVERDUE)

    def end_cancelled(self, children: Collection[int]) -> None:
        """Tell jobs that were cancelled to stop, again and again; kill those that do not."""
        by_key = {(entry.job, entry.lease): entry for entry in self._running(children)}
        steady = self._seen & by_key.keys()  # what is quicker than a look costs no question
        self._seen = set(by_key)
        self._asked = {key: asked for key, asked in self._asked.items() if key in by_key}
        if not steady:
            return
        for job, lease in sql.run("cancelled", {"ids": [job for job, _ in steady]}):
            if entry := by_key.get((job, lease)):
                self._ask_to_stop(entry)

    def sentence_of(self, pid: int) -> Sentence | None:
        """Return why a process was killed; None when it was not this worker's doing."""
        return self._sentences.get(pid)

    def forget(self, pid: int) -> None:
        """Drop what is known of a process whose death was dealt with."""
        self._sentences.pop(pid, None)

    def running(self, children: Collection[int]) -> int:
        """Count the children that are in a body now."""
        return len(self._running(children))

    def _running(self, children: Collection[int]) -> list[Entry]:
        return [entry for entry in self._slate.entries() if entry.pid in children]

    def _ask_to_stop(self, entry: Entry) -> None:
        now = monotonic()
        asked = self._asked.setdefault((entry.job, entry.lease), _Asked(now, 0.0))
        if self._kills_for_cancel and now - asked.first_at >= settings.BACKLINE_CANCEL_GRACE_S:
            self._kill(entry, Reason.CANCELLED)
        elif now - asked.last_at >= _SAY_AGAIN_S:
            asked.last_at = now
            self._slate.ask_to_stop(entry)
            self._send(entry.pid, CANCEL)

    def _kill(self, entry: Entry, reason: Reason) -> None:
        """Kill a process, if it is still in the job that is meant; the worker itself is never killed."""
        if entry.pid in self._sentences or entry.pid == os.getpid():
            return
        if entry not in self._slate.entries_of(entry.pid):
            return
        self._sentences[entry.pid] = Sentence(entry, reason)
        log.warning("job %s is %s and does not stop; killing process %d", entry.job, reason.value, entry.pid)
        if self._send(entry.pid, signal.SIGKILL):
            self.killed += 1
        else:  # a child that is not watched yet; the next look tries again
            self._sentences.pop(entry.pid, None)
