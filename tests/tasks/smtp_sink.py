"""A mail server that takes every letter and keeps it."""

import asyncio
import threading
from dataclasses import dataclass, field
from types import TracebackType

_ANSWERS = {
    "EHLO": "250 here",
    "HELO": "250 here",
    "MAIL": "250 go on",
    "RSET": "250 gone",
    "NOOP": "250 yes",
}


@dataclass
class Taken:
    """One letter as it came over the wire."""

    recipients: list[str] = field(default_factory=list)
    text: str = ""


class SmtpSink:
    """Listens on loopback, from a thread, while its block lasts."""

    def __init__(self) -> None:
        self.letters: list[Taken] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "SmtpSink":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: object) -> asyncio.Server:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)  # type: ignore[arg-type]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = Taken()
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            verb = line[:4].upper().strip()
            if verb == "RCPT":
                taken.recipients.append(line.partition("<")[2].partition(">")[0])
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                taken.text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.letters.append(taken)
                taken = Taken()
            writer.write(f"{_ANSWERS.get(verb, '250 taken') if verb != 'QUIT' else '221 bye'}\r\n".encode())
            if verb == "QUIT":
                break
        writer.close()
