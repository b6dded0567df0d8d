"""Makes the next item while the last one is worked on: reads a file while PostgreSQL merges."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

T = TypeVar("T")


class _End(Exception):  # noqa: N818
    """Nothing more comes; carries what ended it."""


@contextmanager
def ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """Give the same items, made by a thread that is one ahead: two are in memory, never more.

    What the thread raises is raised where the items are taken. Leaving the block ends the thread.
    """
    made: SimpleQueue[T | _End] = SimpleQueue()
    wanted, stop = Semaphore(1), Event()
    thread = Thread(target=_make, args=(items, made, wanted, stop), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _take(made, wanted)
    finally:
        stop.set()
        wanted.release()
        thread.join()


def _make(items: Iterator[T], made: "SimpleQueue[T | _End]", wanted: Semaphore, stop: Event) -> None:
    end = _End()
    try:
        while wanted.acquire() and not stop.is_set():
            made.put(next(items))
    except StopIteration:
        pass
    except BaseException as error:  # noqa: BLE001  # raised again where the items are taken
        end.__cause__ = error
    made.put(end)


def _take(made: "SimpleQueue[T | _End]", wanted: Semaphore) -> Iterator[T]:
    while True:
        item = made.get()
        if isinstance(item, _End):
            break
        wanted.release()
        yield item
    if item.__cause__ is not None:
        raise item.__cause__
