"""What each child of a worker runs at this moment, in memory that the worker's main process can read.

Made before the first fork and inherited by every child. A child writes its slot before each body and wipes it
after, so that a hung, cancelled or dead job is known by name, also inside a bundle. The main process writes
only the cell that asks a child to stop, and frees the slots of the dead.
"""

import mmap
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from billiard.process import current_process

_SHOWN = struct.Struct("<QQ16s16sddQ")  # write number, pid, lease, job, since, until, write number
_NOBODY = bytes(8)  # the pid in a free slot
_IDLE = bytes(48)  # lease, job, since, until of a process between two jobs
_JOB_AT, _JOB_END = 16, 48  # where lease and job stand together
_ASKED_AT, _ASKED_END = _SHOWN.size, _SHOWN.size + 32  # the lease and job that should stop
_SLOT = 128
_CHILDREN = 256  # places in a pool; a child beyond runs its jobs unseen, under its soft limit only
_LIVES = 4  # slots a place: its next child must not write over what the last one died with
_SLOTS_END = _SLOT * _LIVES * _CHILDREN
_DEADLINE = struct.Struct("<d")  # behind the slots: when the worker's shutdown ends what runs, 0 for never


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the slate: a process, and the job whose body it is in."""

    pid: int
    lease: UUID
    job: UUID
    since: float  # by time.monotonic(), which all processes of a machine share
    until: float  # the end of its time limit


class Slate:
    """The shared memory; one for each worker."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS_END + _DEADLINE.size)
        self._mine: int | None = None
        self._pid = 0
        self._writes = 0
        self._lock = threading.Lock()  # among the threads of this process
        os.register_at_fork(after_in_child=self._move_out)

    def show(self, lease: UUID, job: UUID, since: float, until: float) -> None:
        """Say which job this process begins now, and by when it has to end."""
        at = self._mine
        if at is None:
            at = self._move_in()
        if at < 0:
            return
        self._writes = count = self._writes + 1
        _SHOWN.pack_into(self._memory, at, count, self._pid, lease.bytes, job.bytes, since, until, count)

    def wipe(self) -> None:
        """Say that this process is between two jobs."""
        at = self._mine
        if at is not None and at >= 0:
            self._memory[at + _JOB_AT : at + _JOB_AT + len(_IDLE)] = _IDLE

    def is_asked_to_stop(self) -> bool:
        """Say whether it is the very job of this process, under this lease, that should stop."""
        at = self._mine
        if at is None or at < 0:
            return False
        shown = self._memory[at + _JOB_AT : at + _JOB_END]
        return shown == self._memory[at + _ASKED_AT : at + _ASKED_END]

    def entries(self) -> Iterator[Entry]:
        """Yield what every process runs, also what the dead ran last."""
        for at in range(0, _SLOTS_END, _SLOT):
            if self._memory[at + 8 : at + 16] != _NOBODY and (entry := self._read(at)) is not None:
                yield entry

    def entries_of(self, pid: int) -> list[Entry]:
        """Return what a process runs, or was in when it died: one job for each of its threads."""
        return [entry for entry in self.entries() if entry.pid == pid]

    def entry_of(self, pid: int) -> Entry | None:
        """Return what a process without threads runs."""
        return next(iter(self.entries_of(pid)), None)

    def ask_to_stop(self, entry: Entry) -> None:
        """Leave word for the process of an entry; it heeds it only while it is in that job."""
        meant = entry.lease.bytes + entry.job.bytes
        for at in self._slots_of(entry.pid):
            if self._memory[at + _JOB_AT : at + _JOB_END] != meant:
                continue
            self._memory[at + _ASKED_AT : at + _ASKED_END] = meant

    def forget(self, pid: int) -> None:
        """Free the slots of a process that is dead and whose jobs were taken back."""
        for at in self._slots_of(pid):
            self._memory[at : at + _SLOT] = bytes(_SLOT)

    def take(self, lease: UUID, job: UUID, since: float, until: float) -> int:
        """Show what a thread begins, beside those of other threads; return its slot, -1 for none."""
        pid = os.getpid()
        with self._lock:
            slots = range(0, _SLOTS_END, _SLOT)
            at = next((at for at in slots if self._memory[at + 8 : at + 16] == _NOBODY), -1)
            if at >= 0:
                _SHOWN.pack_into(self._memory, at, 1, pid, lease.bytes, job.bytes, since, until, 1)
        return at

    def free(self, at: int) -> None:
        """Free the slot of a thread."""
        if at >= 0:
            self._memory[at : at + _SLOT] = bytes(_SLOT)

    def set_deadline(self, at: float) -> None:
        """Say when, by time.monotonic(), the worker's shutdown ends what still runs."""
        _DEADLINE.pack_into(self._memory, _SLOTS_END, at)

    def deadline(self) -> float:
        """Return that moment; 0 while the worker does not shut down."""
        return float(_DEADLINE.unpack_from(self._memory, _SLOTS_END)[0])

    def _move_in(self) -> int:
        """Take a free slot of this child's place in the pool; nobody else takes one there while it lives."""
        self._pid = os.getpid()
        place = getattr(current_process(), "index", None) or 0
        first = place * _LIVES * _SLOT
        slots = range(first, first + _LIVES * _SLOT, _SLOT) if place < _CHILDREN else range(0)
        free = (at for at in slots if not any(self._memory[at + 8 : at + 16]))
        self._mine = next(free, slots[0] if slots else -1)
        return self._mine

    def _move_out(self) -> None:
        self._mine = None

    def _read(self, at: int) -> Entry | None:
        """Read one slot as it was at one moment, though its process may be writing; None between jobs."""
        for _ in range(100):
            raw = self._memory[at : at + _SHOWN.size]
            begun, pid, lease, job, since, until, done = _SHOWN.unpack(raw)
            if begun == done and raw == self._memory[at : at + _SHOWN.size]:
                return Entry(pid, UUID(bytes=lease), UUID(bytes=job), since, until) if any(lease) else None
        return None

    def _slots_of(self, pid: int) -> list[int]:
        word = pid.to_bytes(8, "little")
        return [at for at in range(0, _SLOTS_END, _SLOT) if self._memory[at + 8 : at + 16] == word]


_current: Slate | None = None


def set_current(slate: Slate) -> None:
    """Remember the slate of this worker, before its first child is forked."""
    global _current  # noqa: PLW0603  # one worker a process, for its whole life
    _current = slate


def current() -> Slate | None:
    """Return the slate of the worker that this process belongs to; None where no worker runs."""
    return _current
