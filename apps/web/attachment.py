"""Send a file to be saved: never opened in the page, never cached, never read whole into memory."""

from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from apps.web.live.thread import let_go
from apps.web.sessions import session_free

_CHUNK = 256 * 1024
_LONGEST_NAME = 120
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()")


def attachment(chunks: AsyncIterator[bytes], name: str, *, size: int | None = None) -> StreamingHttpResponse:
    """Answer with a file that the browser saves under a harmless form of its name."""
    response = StreamingHttpResponse(chunks, content_type="application/octet-stream")
    response["Content-Disposition"] = _disposition(name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    if size is not None:
        response["Content-Length"] = str(size)
    return response


async def of_file(path: Path) -> AsyncIterator[bytes]:
    """Read a file in chunks; it is open only while the browser listens."""
    file = await sync_to_async(_open)(path)
    try:
        while chunk := await sync_to_async(file.read)(_CHUNK):
            yield chunk
    finally:
        await sync_to_async(file.close)()


async def of_lines(lines: Iterator[str]) -> AsyncIterator[bytes]:
    """Gather lines of text into chunks; what yields them runs in a thread, not in the event loop.

    It holds a database session only while it gathers, not while the reader takes its time.
    """
    while chunk := await _gathered(lines):
        yield chunk


def safe_name(name: str) -> str:
    """Return a name that no shell, browser or spreadsheet can misread."""
    kept = "".join(letter for letter in name if letter.isprintable() and letter not in '/\\:*?"<>|%;')
    kept = kept.strip(" .") or "file"
    stem, dot, ending = kept.rpartition(".")
    if len(kept) > _LONGEST_NAME and dot and len(ending) <= 10:
        return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"
    return kept[:_LONGEST_NAME]


def _disposition(name: str) -> str:
    name = safe_name(name)
    plain = "".join(letter if letter in _SAFE else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


async def _gathered(lines: Iterator[str]) -> bytes:
    async with session_free():
        return await sync_to_async(_gather_and_let_go)(lines)


def _gather_and_let_go(lines: Iterator[str]) -> bytes:
    try:
        return _gather(lines)
    finally:
        let_go()


def _gather(source: Iterable[str]) -> bytes:
    parts: list[bytes] = []
    size = 0
    for line in source:
        parts.append(line.encode())
        size += len(parts[-1])
        if size >= _CHUNK:
            break
    return b"".join(parts)
