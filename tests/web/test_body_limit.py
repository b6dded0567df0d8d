"""Bodies that are too large never reach Django, and so never the disk."""

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest
from pytest_django import Settings

from apps.web.body_limit import BodyLimit

Message = MutableMapping[str, Any]
UPLOAD, ELSEWHERE = "/imports/", "/login/"
MEGABYTE = 1024 * 1024


class Reached:
    """An application that reads its body and remembers how much of it came."""

    taken = 0

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            self.taken += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def ask(path: str, chunks: Iterable[bytes], *, announced: int | None = None) -> tuple[int, int]:
    """Send a body; return the status and how much the application behind took."""
    application = Reached()
    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    bodies = iter([*chunks, None])
    waiting = [next(bodies)]
    answers: list[Message] = []

    async def receive() -> Message:
        body, after = waiting.pop(), next(bodies)
        waiting.append(after)
        return {"type": "http.request", "body": body, "more_body": after is not None}

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(BodyLimit(application)(scope, receive, send))
    return answers[0]["status"], application.taken


@pytest.fixture(autouse=True)
def small_uploads(settings: Settings) -> None:
    """An upload may have ten megabytes."""
    settings.BACKLINE_UPLOAD_MAX_BYTES = 10 * MEGABYTE


def test_an_upload_may_be_as_large_as_uploads_may_be() -> None:
    assert ask(UPLOAD, [bytes(MEGABYTE)] * 10, announced=10 * MEGABYTE) == (200, 10 * MEGABYTE)


def test_one_that_says_it_is_larger_is_refused_before_a_byte_is_kept() -> None:
    assert ask(UPLOAD, [bytes(MEGABYTE)] * 12, announced=12 * MEGABYTE) == (413, 0)


def test_one_that_does_not_say_so_is_refused_once_it_is() -> None:
    status, taken = ask(UPLOAD, [bytes(MEGABYTE)] * 40)
    assert status == 413
    assert taken <= 11 * MEGABYTE


def test_elsewhere_nobody_sends_files() -> None:
    assert ask(ELSEWHERE, [bytes(MEGABYTE)] * 4, announced=4 * MEGABYTE) == (413, 0)


def test_a_length_that_is_no_number_does_not_help() -> None:
    status, _ = ask(ELSEWHERE, [bytes(MEGABYTE)] * 4)
    assert status == 413


def test_the_answer_says_how_much_is_taken_and_what_to_do() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": UPLOAD, "headers": [(b"content-length", b"99999999")]}
    asyncio.run(BodyLimit(Reached())(scope, receive, send))
    page = sent[1]["body"].decode()
    assert "At most 10.5 MB per upload" in page
    assert ".gz or .xz" in page


def test_somebody_who_hangs_up_gets_no_answer() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": UPLOAD, "headers": [(b"content-length", b"99999999")]}
    asyncio.run(BodyLimit(Reached())(scope, receive, send))
    assert sent == []
