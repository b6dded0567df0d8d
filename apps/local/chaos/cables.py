"""Cables between the rig's processes and its servers, for faults to pull: proxies on one asyncio thread."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from apps.local.servers.ports import LOOPBACK

T = TypeVar("T")
UP, DOWN = "up", "down"  # towards the server, and back
_CHUNK = 65_536


class Cables:
    """The thread that all proxies of a rig live on."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._cables: list[Cable] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="cables", daemon=True)
        self._thread.start()

    def lay(self, server_port: Callable[[], int]) -> "Cable":
        """Open a port that leads to the server, wherever it listens by then."""
        cable = Cable(self._loop, server_port)
        self._cables.append(cable)
        self.run(cable.open())
        return cable

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        """Drop every connection and end the thread."""
        self.run(_end_everything(self._cables))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


class Cable:
    """One port in front of one server; every verb holds at once, for open connections too."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server_port: Callable[[], int]) -> None:
        self._loop = loop
        self._server_port = server_port
        self._links: set[Link] = set()
        self._refuses = False
        self._blocked: set[str] = set()  # directions, for links to come
        self.port = 0
        self.latency_s = 0.0  # each way
        self.budget: int | None = None  # bytes upwards until the cut
        self.word = b""  # a link that carries it back falls silent with it
        self.was_cut = threading.Event()
        self.opened = 0  # connections ever

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no more and drop every connection; on the cables' thread."""
        self._server.close()
        self._reset_links()

    def mend(self) -> None:
        """Let everything pass again; what was held is delivered."""
        self.latency_s, self.budget, self.word, self._refuses = 0.0, None, b"", False
        self._blocked = set()
        self._loop.call_soon_threadsafe(self._let_flow)

    def blackhole(self, *ways: str, new_ones_too: bool = True) -> None:
        """Hold what flows this way, without a word to either end."""
        if new_ones_too:
            self._blocked = set(ways)
        self._loop.call_soon_threadsafe(self._stop_flow, ways)

    def hold_from(self, word: bytes) -> None:
        """Hold the answer that has this word in it, and what comes after it on that connection."""
        self.word = word

    def refuse(self) -> None:
        """Reset every connection, and each new one at once."""
        self._refuses = True
        self.reset()

    def reset(self) -> None:
        """Reset every open connection: what was held in it never arrives."""
        self._loop.call_soon_threadsafe(self._reset_links)

    def cut_after(self, count: int) -> None:
        """Reset a connection in the middle of what it sends, this many bytes from now; then let all pass."""
        self.was_cut.clear()
        self.budget = count

    def held(self, way: str) -> int:
        """Return how many bytes of the fullest connection are held this way."""
        return max((link.held[way] for link in list(self._links)), default=0)

    def _let_flow(self) -> None:
        for link in self._links:
            link.flow[UP].set()
            link.flow[DOWN].set()

    def _stop_flow(self, ways: tuple[str, ...]) -> None:
        for link in self._links:
            for way in ways:
                link.flow[way].clear()

    def _reset_links(self) -> None:
        for link in list(self._links):
            link.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            _reset(writer)
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self._server_port())
        except OSError:
            _reset(writer)
            return
        self.opened += 1
        link = Link(self, writer, server_writer)
        for way in self._blocked:
            link.flow[way].clear()
        self._links.add(link)
        try:
            await asyncio.gather(link.pump(reader, server_writer, UP), link.pump(server_reader, writer, DOWN))
        except asyncio.CancelledError:
            return  # the rig is taken down; asyncio's own streams would complain of it
        finally:
            self._links.discard(link)


class Link:
    """One connection through a cable."""

    def __init__(self, cable: Cable, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._cable = cable
        self._ends = (client, server)
        self.flow = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self.held = {UP: 0, DOWN: 0}
        for event in self.flow.values():
            event.set()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        """Carry bytes one way until either end closes."""
        try:
            while data := await reader.read(_CHUNK):
                await self._hold(data, way)
                if way == UP and self._spends_budget(data, writer):
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            self.reset()
        finally:
            writer.close()

    def reset(self) -> None:
        """Close both ends with RST."""
        for writer in self._ends:
            _reset(writer)

    async def _hold(self, data: bytes, way: str) -> None:
        self.held[way] = len(data)
        if self._cable.latency_s:
            await asyncio.sleep(self._cable.latency_s)
        if way == DOWN and self._cable.word and self._cable.word in data:
            self.flow[DOWN].clear()
        await self.flow[way].wait()
        self.held[way] = 0

    def _spends_budget(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        budget = self._cable.budget
        if budget is None:
            return False
        if len(data) <= budget:
            self._cable.budget = budget - len(data)
            return False
        writer.write(data[:budget])
        self._cable.budget = None
        self.reset()
        self._cable.was_cut.set()
        return True


async def _end_everything(cables: list[Cable]) -> None:
    for cable in cables:
        cable.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
