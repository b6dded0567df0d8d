"""A body that takes too long or was cancelled is interrupted; what stands around it never is."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from apps.jobs import CancelRequested, TimedOut
from apps.jobs.running import interrupt, slate
from apps.jobs.running.interrupt import CANCEL, interruptible, leave
from apps.jobs.running.slate import Slate
from apps.jobs.transitions import Claim
from tests.local.waiting import wait_until

SOON = timedelta(milliseconds=30)
LATER = timedelta(minutes=1)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Slate:
    """The slate of the worker that this process belongs to."""
    own = Slate()
    monkeypatch.setattr(slate, "_current", own)
    return own


def a_claim(lease: UUID | None = None) -> Claim:
    return Claim(uuid4(), uuid4(), lease or uuid4(), "odd.body", 1, 3, 0, {})


def spin() -> None:
    while True:
        pass


class TestLimit:
    def test_a_body_that_takes_too_long_is_interrupted(self) -> None:
        with pytest.raises(TimedOut, match=r"longer than its limit of 0:00:00\.03"):
            interruptible(a_claim(), SOON, lambda: time.sleep(30))

    def test_a_busy_body_is_interrupted_too(self) -> None:
        with pytest.raises(TimedOut):
            interruptible(a_claim(), SOON, spin)

    def test_a_body_that_is_quick_is_left_alone_and_so_is_what_follows(self) -> None:
        assert interruptible(a_claim(), SOON, lambda: 7) == 7
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        time.sleep(SOON.total_seconds() * 2)  # an alarm that was left set would ring in here

    def test_an_alarm_that_rings_after_the_body_ended_does_nothing(self) -> None:
        interruptible(a_claim(), LATER, lambda: None)
        os.kill(os.getpid(), signal.SIGALRM)

    def test_a_body_that_fails_leaves_no_alarm_behind(self) -> None:
        def body() -> None:
            raise ValueError("inside")

        with pytest.raises(ValueError, match="inside"):
            interruptible(a_claim(), LATER, body)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

    def test_a_body_that_took_the_alarm_for_itself_took_it_for_itself_alone(self) -> None:
        def body() -> None:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            signal.signal(CANCEL, signal.SIG_DFL)

        interruptible(a_claim(), LATER, body)
        with pytest.raises(TimedOut):
            interruptible(a_claim(), SOON, spin)

    def test_outside_the_main_thread_no_signal_interrupts_the_body_and_the_slate_shows_it(
        self, own: Slate
    ) -> None:
        seen: list[UUID] = []
        claim = a_claim()

        def body() -> None:
            time.sleep(0.02)
            seen.extend(entry.job for entry in own.entries())

        def attempt() -> None:
            interruptible(claim, timedelta(milliseconds=1), body)
            leave(claim)

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        assert seen == [claim.id]
        assert list(own.entries()) == []


class TestCancel:
    def test_the_body_that_is_meant_is_interrupted(self, own: Slate) -> None:
        claim = a_claim()
        with pytest.raises(CancelRequested), canceller(own, claim):
            interruptible(claim, LATER, spin)

    def test_a_body_that_swallows_it_is_told_again(self, own: Slate) -> None:
        told: list[CancelRequested] = []

        def deaf() -> None:
            while len(told) < 3:
                try:
                    spin()
                except CancelRequested as word:
                    told.append(word)

        claim = a_claim()
        with canceller(own, claim):
            interruptible(claim, LATER, deaf)
        assert len(told) == 3

    def test_a_cancel_that_comes_late_hits_neither_the_next_body_nor_the_bookkeeping(
        self, own: Slate
    ) -> None:
        first, lease = a_claim(), uuid4()
        [entry] = interruptible(first, LATER, lambda: list(own.entries()))
        own.ask_to_stop(entry)
        os.kill(os.getpid(), CANCEL)
        for claim in (a_claim(lease), a_claim(lease)):
            assert interruptible(claim, LATER, lambda: os.kill(os.getpid(), CANCEL)) is None

    def test_a_storm_of_cancels_aimed_at_every_moment_hits_only_who_is_meant(self, own: Slate) -> None:
        """Every second job is cancelled at any time; in its body it may end, its neighbours never."""
        hit, innocent, lease = 0, 0, uuid4()
        with aiming_at_odd_jobs(own):
            for number in range(2000):
                claim = a_claim(lease)._replace(id=UUID(int=number))
                try:
                    interruptible(claim, LATER, lambda: sum(range(20_000)))
                except CancelRequested:
                    hit, innocent = hit + number % 2, innocent + (number + 1) % 2
        assert hit > 0
        assert innocent == 0


class TestSlate:
    def test_a_job_stands_there_until_its_attempt_ends(self, own: Slate) -> None:
        claim = a_claim()
        [entry] = interruptible(claim, LATER, lambda: list(own.entries()))
        assert (entry.pid, entry.job, entry.lease) == (os.getpid(), claim.id, claim.lease)
        assert entry.until - entry.since == pytest.approx(60)
        assert list(own.entries()) == [entry], "its limit also holds for the end of the attempt"
        leave(claim)
        assert list(own.entries()) == []

    def test_it_is_wiped_when_the_body_was_interrupted(self, own: Slate) -> None:
        claim = a_claim()
        with suppress(TimedOut):
            interruptible(claim, SOON, spin)
        leave(claim)
        assert list(own.entries()) == []


def test_a_process_that_the_body_forked_and_that_comes_out_of_it_ends_there(own: Slate) -> None:
    """Else two processes would write one outcome over one connection."""
    reader, writer = os.pipe()

    def body() -> int:
        return os.fork()

    child = interruptible(a_claim(), LATER, body)
    if child == 0:
        os.write(writer, b"came out")
        os._exit(1)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    said = os.read(reader, 100)
    os.close(reader)
    assert (os.waitstatus_to_exitcode(status), said) == (0, b"")


@contextmanager
def aiming_at_odd_jobs(own: Slate) -> Iterator[None]:
    """Let another process cancel every second job at any moment of its life, and signal without pause."""
    target = os.getpid()
    if (aimer := os.fork()) == 0:
        try:
            while os.getppid() == target:
                for entry in own.entries():
                    if entry.job.int % 2:
                        own.ask_to_stop(entry)
                os.kill(target, CANCEL)
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.kill(aimer, signal.SIGKILL)
        os.waitpid(aimer, 0)


class canceller:  # noqa: N801  # it reads as a word of the test
    """Cancel a job from another thread, as often as it takes, as soon as it stands on the slate."""

    def __init__(self, own: Slate, claim: Claim) -> None:
        self._own, self._claim, self._leave = own, claim, threading.Event()
        self._thread = threading.Thread(target=self._cancel)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        self._thread.join()

    def _cancel(self) -> None:
        wait_until(lambda: any(self._own.entries()))
        while not self._leave.wait(0.02):
            for entry in self._own.entries():
                self._own.ask_to_stop(entry)
                signal.pthread_kill(threading.main_thread().ident or 0, interrupt.CANCEL)
