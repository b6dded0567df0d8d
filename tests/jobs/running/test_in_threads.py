"""A body in a thread hears of its limit when it speaks, and what runs there is known by name."""

import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import pytest

from apps.jobs import TimedOut
from apps.jobs.running import in_threads
from apps.jobs.running.interrupt import interruptible, leave
from tests.jobs.running.test_interrupt import a_claim

HOUR, OVER = timedelta(hours=1), timedelta(seconds=-1)


def in_a_thread(body: Callable[[], object]) -> object:
    """Do something where no signal arrives."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(body).result()


def test_it_is_known_by_name_while_it_runs_and_not_after() -> None:
    claim = a_claim()

    def body() -> None:
        [entry] = in_threads.entries()
        assert (entry.pid, entry.job, entry.lease) == (os.getpid(), claim.id, claim.lease)
        assert 3590 < entry.until - monotonic() <= 3600
        in_threads.check(claim)

    def attempt() -> None:
        interruptible(claim, HOUR, body)
        assert [entry.job for entry in in_threads.entries()] == [claim.id]
        leave(claim)

    in_a_thread(attempt)
    assert in_threads.entries() == []


def test_past_its_limit_its_next_word_raises() -> None:
    claim = a_claim()

    def attempt() -> None:
        try:
            interruptible(claim, OVER, lambda: in_threads.check(claim))
        finally:
            leave(claim)

    with pytest.raises(TimedOut, match="longer than its limit"):
        in_a_thread(attempt)
    assert in_threads.entries() == []


def test_a_process_that_it_forked_has_no_outcome() -> None:
    def body() -> int:
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0
        return os.getpid()

    def attempt() -> object:
        claim = a_claim()
        try:
            return interruptible(claim, HOUR, body)
        finally:
            leave(claim)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of what this body does
        assert in_a_thread(attempt) == os.getpid()
