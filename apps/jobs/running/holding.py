"""The messages that a worker's processes have in hand, in memory that its voice can read.

A process notes a message before it claims the message's jobs, the lease after the claim, and the end when
every outcome is written. So a job that the ledger says runs here, and whose message has ended, runs nowhere.
"""

import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from billiard.process import current_process

_RECORD = struct.Struct("<QQ16s")  # serial of the message, pid or 0, lease or zeros before the claim
_PID_AT, _LEASE_AT = 8, 16
_CHILDREN, _THREADS = 256, 1024  # slots of a pool's children by their place, then those of threads
_SLOTS = _CHILDREN + _THREADS
_OVERFLOW_AT = _RECORD.size * _SLOTS
_NO_LEASE = bytes(16)

Messages = dict[tuple[int, int], "Message"]  # by slot and serial


@dataclass(frozen=True, slots=True)
class Message:
    """One message in hand."""

    pid: int
    lease: bytes

    def may_hold(self, lease: UUID) -> bool:
        """Return whether its jobs may have this lease: it has, or it is about to claim."""
        return self.lease in (_NO_LEASE, lease.bytes)


class Holding:
    """The shared memory; one for each worker, made before its first fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _OVERFLOW_AT + 1)
        self._place: int | None = None  # of this child
        self._lock = threading.Lock()  # among the threads of this process
        os.register_at_fork(after_in_child=self._move_out)

    @contextmanager
    def message(self) -> Iterator["Hand"]:
        """Note a message until its block ends."""
        hand = Hand(self._memory, self._take())
        try:
            yield hand
        finally:
            hand.end()

    def messages(self) -> Messages | None:
        """Return what is in hand now; None when there were more messages than slots."""
        if self._memory[_OVERFLOW_AT]:
            return None
        found: Messages = {}
        for slot in range(_SLOTS):
            serial, pid, lease = _RECORD.unpack_from(self._memory, slot * _RECORD.size)
            if pid:
                found[slot, serial] = Message(pid, lease)
        return found

    def _take(self) -> int:
        """Take a slot; return where it begins, -1 for none."""
        if self._place is None:
            place = getattr(current_process(), "index", None)
            self._place = -1 if place is None else place
        if self._place >= _CHILDREN:
            self._memory[_OVERFLOW_AT] = 1
            return -1
        if self._place >= 0:
            return self._fill(self._place)
        with self._lock:
            for slot in range(_CHILDREN, _SLOTS):
                if not any(self._memory[slot * _RECORD.size + _PID_AT : slot * _RECORD.size + _LEASE_AT]):
                    return self._fill(slot)
        self._memory[_OVERFLOW_AT] = 1
        return -1

    def _fill(self, slot: int) -> int:
        at = slot * _RECORD.size
        [serial] = struct.unpack_from("<Q", self._memory, at)
        _RECORD.pack_into(self._memory, at, serial + 1, os.getpid(), _NO_LEASE)
        return at

    def _move_out(self) -> None:
        self._place, self._lock = None, threading.Lock()


class Hand:
    """One message's slot."""

    def __init__(self, memory: mmap.mmap, at: int) -> None:
        self._memory = memory
        self._at = at

    def claimed(self, lease: UUID) -> None:
        """Note the lease of the message's jobs."""
        if self._at >= 0:
            self._memory[self._at + _LEASE_AT : self._at + _RECORD.size] = lease.bytes

    def end(self) -> None:
        """Free the slot; its serial stays."""
        if self._at >= 0:
            self._memory[self._at + _PID_AT : self._at + _LEASE_AT] = bytes(8)


_current: Holding | None = None


def set_current(holding: Holding) -> None:
    """Remember the memory of this worker, before its first child is forked."""
    global _current  # noqa: PLW0603  # one worker a process, for its whole life
    _current = holding


def current() -> Holding:
    """Return the memory of the worker that this process belongs to."""
    global _current  # noqa: PLW0603  # it is read inside a worker only
    if _current is None:
        _current = Holding()
    return _current
