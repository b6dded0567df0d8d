"""Streams of live pages, as a browser reads them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.test import AsyncRequestFactory

from apps.accounts.models import User
from apps.jobs import sql
from apps.jobs.transitions import Claim
from apps.web.live import stream, thread
from tests.web.people import client_of

PATIENCE_S = 60.0


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """What these tests write is seen by the live pages' thread, whose connection ends with the test."""
    yield
    thread.hang_up()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE jobs_ready")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes faster."""
    monkeypatch.setattr(stream, "_BETWEEN_FRAMES_S", 0.01)
    monkeypatch.setattr(stream, "_CLOCK_S", 0.1)
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.3)


class Listener:
    """A browser that listens to one stream."""

    def __init__(self, chunks: AsyncIterator[str | bytes]) -> None:
        self._chunks = chunks

    async def next(self, wanted: str, *, patience: float = PATIENCE_S) -> Any:
        """Return what the next event of this name carries; names start a line, comments have none."""
        async with asyncio.timeout(patience):
            async for chunk in self._chunks:
                text = _text_of(chunk)
                if text.startswith(f"event: {wanted}\n"):
                    return json.loads(text.partition("data: ")[2] or "null")
                if wanted == "comment" and text.startswith(":"):
                    return None
        raise AssertionError(f"the stream ended without {wanted}")

    async def rest(self) -> list[str]:
        """Read to the end of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            return [_text_of(chunk) async for chunk in self._chunks]


def _text_of(chunk: str | bytes) -> str:
    return chunk.decode() if isinstance(chunk, bytes) else chunk


def listen(view: Callable[..., Any], user: User, query: str = "", **arguments: Any) -> Any:
    """Open a stream as this person; close it at the end of the block."""

    async def opened() -> AsyncIterator[str]:
        request = AsyncRequestFactory().get(f"/{query}")
        request.auser = _returning(user)  # what the middleware adds
        request.session = await sync_to_async(session_of)(user)
        answer = await view(request, **arguments)
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["X-Accel-Buffering"] == "no"
        async for chunk in answer.streaming_content:
            yield chunk

    return aclosing(opened())


def session_of(user: User) -> SessionBase:
    """Log somebody in and return the session."""
    client = client_of(user)
    return client.session


def spoke(claim: Claim, done: int) -> None:
    words = {"id": claim.id, "lease": claim.lease, "done": done, "total": 100, "note": "", "rate": 5.0}
    sql.run("progress", words)


def _returning(user: User) -> Callable[[], Any]:
    async def auser() -> User:
        return user

    return auser
