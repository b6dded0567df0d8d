"""Makes the next item while the last one is worked on: reads a file while PostgreSQL merges."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, TypeVar

T = TypeVar("T")

_LOOK_S: Final = 0.1  # how often a full queue looks whether anybody still wants what is in it


class _End(Exception):  # noqa: N818
    """Nothing more comes; carries what ended it."""


@contextmanager
def ahead(items: Iterator[T], *, most: int = 1) -> Iterator[Iterator[T]]:
    """Give the same items, made by a thread that stays ``most`` of them ahead.

    What the thread raises is raised where the items are taken. Leaving the block ends the thread.
    """
    queue: Queue[T | _End] = Queue(most)
    stop = Event()
    thread = Thread(target=_fill, args=(items, queue, stop), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _drain(queue)
    finally:
        stop.set()
        thread.join()


def _fill(items: Iterator[T], queue: "Queue[T | _End]", stop: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(item, queue, stop):
                return
    except BaseException as error:  # noqa: BLE001  # raised again where the items are taken
        end.__cause__ = error
    _put(end, queue, stop)


def _put(item: T, queue: "Queue[T]", stop: Event) -> bool:
    while not stop.is_set():
        try:
            queue.put(item, timeout=_LOOK_S)
        except Full:
            continue
        return True
    return False


def _drain(queue: "Queue[T | _End]") -> Iterator[T]:
    while True:
        item = queue.get()
        if not isinstance(item, _End):
            yield item
        elif item.__cause__ is None:
            return
        else:
            raise item.__cause__
