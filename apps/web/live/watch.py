"""The watch: one task per process looks for changes and tells every stream."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from django.db import DatabaseError

from apps.web.live.marks import Mark, Topic, read_marks
from apps.web.live.thread import let_go, on_live_thread

log = logging.getLogger("backline.web.live")

_EVERY_S = 0.5
_AFTER_TROUBLE_S = 2.0


class Watch:
    """One stream's ear."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.mark: Mark | None = None
        self._changed = asyncio.Event()

    def tell(self, mark: Mark) -> None:
        """Take in where things stand now."""
        if mark != self.mark:
            self.mark = mark
            self._changed.set()

    async def next(self, patience: float) -> Mark | None:
        """Wait for a change, at most so long; return where things stand, None while nothing is known."""
        try:
            await asyncio.wait_for(self._changed.wait(), patience)
        except TimeoutError:
            pass
        self._changed.clear()
        return self.mark


class Poller:
    """Reads the marks of everything that is watched, twice a second, while anybody watches."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watch(self, topic: Topic) -> AsyncIterator[Watch]:
        """Watch a topic for as long as the block runs."""
        watch = Watch(topic)
        self._watches.add(watch)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    async def _poll(self) -> None:
        try:
            while self._watches:
                pause = await self._look()
                await asyncio.sleep(pause)  # the database does not tell, it is asked
        finally:
            await on_live_thread(let_go)

    async def _look(self) -> float:
        """Tell every watch where it stands; return how long to wait before the next look."""
        try:
            marks = await on_live_thread(read_marks, {watch.topic for watch in self._watches})
        except DatabaseError as error:
            log.warning("live pages wait for the database: %s", error)
            return _AFTER_TROUBLE_S
        for watch in tuple(self._watches):
            if watch.topic in marks:
                watch.tell(marks[watch.topic])
        return _EVERY_S


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, Poller] = WeakKeyDictionary()


def poller() -> Poller:
    """Return the poller of this process's event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _pollers:
        _pollers[loop] = Poller()
    return _pollers[loop]
