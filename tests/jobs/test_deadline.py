"""A body that takes too long is interrupted; what stands around it never is."""

import signal
import threading
import time
from datetime import timedelta

import pytest

from apps.jobs import TimedOut
from apps.jobs.deadline import deadline

SOON = timedelta(milliseconds=30)
LATER = timedelta(minutes=1)


def test_a_body_that_takes_too_long_is_interrupted() -> None:
    with pytest.raises(TimedOut, match=r"longer than its limit of 0:00:00\.03"), deadline(SOON):
        time.sleep(30)


def test_a_busy_body_is_interrupted_too() -> None:
    def busy() -> None:
        with deadline(SOON):
            while True:
                pass

    with pytest.raises(TimedOut):
        busy()


def test_a_body_that_is_quick_is_left_alone_and_so_is_what_follows() -> None:
    with deadline(SOON):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    time.sleep(SOON.total_seconds() * 2)  # an alarm that was left set would ring in here


def test_the_handler_from_before_is_put_back_whatever_happens() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(LATER):
        assert signal.getsignal(signal.SIGALRM) != before
    assert signal.getsignal(signal.SIGALRM) == before
    with pytest.raises(ValueError, match="inside"), deadline(LATER):
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_rings_after_the_body_ended_does_nothing() -> None:
    with deadline(LATER):
        late = signal.getsignal(signal.SIGALRM)
    assert callable(late)
    late(signal.SIGALRM, None)


def test_outside_the_main_thread_the_body_runs_without_a_limit() -> None:
    ended = []

    def body() -> None:
        with deadline(timedelta(milliseconds=1)):
            time.sleep(0.02)
        ended.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert ended == [True]
