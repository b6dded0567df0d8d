"""A child process that ends is seen at once, whoever ended it, and replaced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from apps.jobs.worker.children import ChildWatch


class Pool:
    """A pool of real processes, with the parts of Celery's that matter here."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.maintained = 0
        self.soon: list[Callable[[], None]] = []

    def fork(self) -> subprocess.Popen[bytes]:
        """Start a child that waits."""
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.processes.append(child)
        return child

    def maintain(self) -> None:
        """Replace what is dead, as Celery's main loop would."""
        self.maintained += 1

    @property
    def worker(self) -> SimpleNamespace:
        """Return the worker that has this pool."""
        inner = SimpleNamespace(_pool=self.processes, maintain_pool=self.maintain)
        return SimpleNamespace(
            pool=SimpleNamespace(_pool=inner), hub=SimpleNamespace(call_soon=self.soon.append)
        )


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool whose children are ended with the test."""
    pool = Pool()
    yield pool
    for child in pool.processes:
        child.kill()
        child.wait()


def test_a_killed_child_is_seen_and_replaced(pool: Pool) -> None:
    first, second = pool.fork(), pool.fork()
    watch = ChildWatch(pool.worker)
    assert list(watch.deaths(0)) == []
    first.kill()
    assert list(watch.deaths(20_000)) == [first.pid]
    assert pool.soon == [pool.maintain]
    assert list(watch.deaths(0)) == []
    assert second.poll() is None


def test_a_death_is_told_once_though_the_main_loop_is_busy_and_leaves_it_in_its_list(pool: Pool) -> None:
    child = pool.fork()
    watch = ChildWatch(pool.worker)
    list(watch.deaths(0))
    child.kill()
    assert list(watch.deaths(20_000)) == [child.pid]
    assert [list(watch.deaths(0)) for _ in range(3)] == [[], [], []]
    child.wait()
    assert list(watch.deaths(0)) == []
    assert pool.soon == [pool.maintain]


def test_children_that_die_together_are_all_seen(pool: Pool) -> None:
    children = [pool.fork() for _ in range(5)]
    watch = ChildWatch(pool.worker)
    list(watch.deaths(0))
    for child in children:
        child.kill()
    seen: set[int] = set()
    while len(seen) < 5:
        seen |= set(watch.deaths(20_000))
    assert seen == {child.pid for child in children}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_it_does_not_matter_how_it_died(pool: Pool, number: signal.Signals) -> None:
    child = pool.fork()
    watch = ChildWatch(pool.worker)
    list(watch.deaths(0))
    child.send_signal(number)
    assert list(watch.deaths(20_000)) == [child.pid]


def test_a_child_that_joins_later_is_watched_too(pool: Pool) -> None:
    watch = ChildWatch(pool.worker)
    assert list(watch.deaths(0)) == []
    late = pool.fork()
    list(watch.deaths(0))
    late.kill()
    assert list(watch.deaths(20_000)) == [late.pid]


def test_a_child_that_was_dead_before_anybody_looked_is_told(pool: Pool) -> None:
    child = pool.fork()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not reaped
    assert list(ChildWatch(pool.worker).deaths(20_000)) == [child.pid]


def test_a_child_that_was_reaped_before_anybody_looked_is_told(pool: Pool) -> None:
    child = pool.fork()
    child.kill()
    child.wait()
    watch = ChildWatch(pool.worker)
    assert list(watch.deaths(0)) == [child.pid]
    assert list(watch.deaths(0)) == []


def test_without_a_pool_there_is_nobody_to_watch_and_the_wait_is_kept() -> None:
    watch = ChildWatch(SimpleNamespace(pool=None, hub=None))
    began = time.monotonic()
    assert list(watch.deaths(50)) == []
    assert time.monotonic() - began >= 0.04


def test_no_file_is_left_open_for_the_dead(pool: Pool) -> None:
    watch = ChildWatch(pool.worker)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        child = pool.fork()
        list(watch.deaths(0))
        child.kill()
        assert list(watch.deaths(20_000)) == [child.pid]
        child.wait()
        pool.processes.remove(child)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
