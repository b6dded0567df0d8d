"""What a child writes on the slate, its parent reads: whole, and also after the child's death."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import UUID, uuid4

import pytest
from billiard.process import current_process

from apps.jobs.running import slate
from apps.jobs.running.slate import Entry, Slate
from tests.local.waiting import wait_until


def child(work: Callable[[], object]) -> int:
    """Fork a process that does something; return its number once it ended or waits."""
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            work()
        os._exit(0)
    return pid


def test_what_is_shown_is_read_until_it_is_wiped() -> None:
    own, lease, job = Slate(), uuid4(), uuid4()
    own.show(lease, job, 1.5, 61.5)
    assert list(own.entries()) == [Entry(os.getpid(), lease, job, 1.5, 61.5)]
    own.wipe()
    assert list(own.entries()) == []
    own.show(lease, job, 2.0, 3.0)
    assert own.entry_of(os.getpid()) == Entry(os.getpid(), lease, job, 2.0, 3.0)


def test_what_a_child_was_in_the_middle_of_when_it_died_can_be_read_until_it_is_forgotten() -> None:
    own, lease, job = Slate(), uuid4(), uuid4()

    def die_in_it() -> None:
        own.show(lease, job, 1.0, 2.0)
        os.kill(os.getpid(), signal.SIGKILL)

    pid = child(die_in_it)
    os.waitpid(pid, 0)
    assert own.entry_of(pid) == Entry(pid, lease, job, 1.0, 2.0)
    own.forget(pid)
    assert own.entry_of(pid) is None


def test_a_child_that_takes_the_place_of_a_dead_one_does_not_write_over_its_last_words() -> None:
    own, jobs = Slate(), [uuid4() for _ in range(3)]
    pids = []
    for job in jobs:
        pids.append(child(partial(own.show, UUID(int=1), job, 1.0, 2.0)))
        os.waitpid(pids[-1], 0)
    assert [entry.job for pid in pids if (entry := own.entry_of(pid))] == jobs


def test_places_do_not_share_slots_and_one_beyond_the_last_is_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Slate()
    for place in (0, 1, 255, 256, 10_000):
        monkeypatch.setattr(current_process(), "index", place, raising=False)
        os.waitpid(child(lambda: own.show(UUID(int=1), uuid4(), 1.0, 2.0)), 0)
    assert len(list(own.entries())) == 3


def test_only_the_job_that_is_meant_is_asked_to_stop() -> None:
    own, lease, job = Slate(), uuid4(), uuid4()
    assert not own.is_asked_to_stop()
    own.show(lease, job, 1.0, 2.0)
    assert not own.is_asked_to_stop()
    [entry] = own.entries()
    own.ask_to_stop(entry)
    assert own.is_asked_to_stop()
    for other in ((lease, uuid4()), (uuid4(), job)):
        own.show(*other, 1.0, 2.0)
        assert not own.is_asked_to_stop()


def test_asking_a_process_that_is_forgotten_asks_nobody() -> None:
    own = Slate()
    own.show(UUID(int=1), UUID(int=2), 1.0, 2.0)
    [entry] = own.entries()
    own.forget(os.getpid())
    own.ask_to_stop(entry)
    assert list(own.entries()) == []


def test_threads_of_one_process_each_have_an_entry() -> None:
    own, lease, jobs = Slate(), uuid4(), [uuid4() for _ in range(3)]
    slots = [own.take(lease, job, 1.0, 2.0) for job in jobs]
    assert [entry.job for entry in own.entries_of(os.getpid())] == jobs
    own.free(slots[1])
    assert [entry.job for entry in own.entries_of(os.getpid())] == [jobs[0], jobs[2]]
    own.forget(os.getpid())
    assert list(own.entries()) == []


def test_an_entry_is_never_read_half_written() -> None:
    """The child writes without pause; each pair that is read was written as a pair."""
    own, read, parent = Slate(), list[Entry](), os.getpid()

    def write() -> None:
        number = 0
        while os.getppid() == parent:
            number = number % 100_000 + 1
            own.show(UUID(int=number), UUID(int=number), float(number), float(number))
            own.wipe()

    pid = child(write)
    try:
        wait_until(lambda: bool(own._slots_of(pid)))
        [at] = own._slots_of(pid)
        give_up_at = time.monotonic() + 30
        while len(read) < 300 and time.monotonic() < give_up_at:
            read += filter(None, [own._read(at)])
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert len(read) == 300
    assert all(entry.lease == entry.job and entry.since == entry.until == entry.job.int for entry in read)


def test_outside_a_worker_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slate, "_current", None)
    assert slate.current() is None
