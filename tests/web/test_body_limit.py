"""Bodies that are too large never reach Django, and so never the disk."""

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest
from pytest_django import Settings

from apps.web.body_limit import BodyLimit, Uploader

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


async def somebody(_: Message) -> object:
    """Say that the request carries somebody's session."""
    return 1


async def nobody(_: Message) -> object:
    """Say that it carries none."""
    return None


def ask(
    path: str, chunks: Iterable[bytes], *, announced: int | None = None, uploader: Uploader = somebody
) -> tuple[int, int]:
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
    asyncio.run(BodyLimit(application, uploader)(scope, receive, send))
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
    asyncio.run(BodyLimit(Reached(), somebody)(scope, receive, send))
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
    asyncio.run(BodyLimit(Reached(), somebody)(scope, receive, send))
    assert sent == []


def test_without_a_session_no_large_body_is_taken() -> None:
    assert ask(UPLOAD, [bytes(MEGABYTE)] * 9, announced=9 * MEGABYTE, uploader=nobody) == (403, 0)
    status, taken = ask(UPLOAD, [bytes(MEGABYTE)] * 9, uploader=nobody)
    assert status == 403
    assert taken <= 2 * MEGABYTE


def test_a_small_body_reaches_the_page_that_asks_to_log_in() -> None:
    assert ask(UPLOAD, [bytes(100)], announced=100, uploader=nobody) == (200, 100)


def test_a_body_that_stops_arriving_is_answered_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.web.body_limit._IDLE_S", 0.05)
    assert asyncio.run(_silent("/login/")) == 408
    assert asyncio.run(_silent(UPLOAD)) == 408


def test_an_upload_has_a_time_limit_however_steadily_it_drips(settings: Settings) -> None:
    settings.BACKLINE_UPLOAD_MAX_S = 0
    assert asyncio.run(_silent(UPLOAD)) == 408


def test_uploads_in_flight_are_bounded_in_bytes(settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_IN_FLIGHT_BYTES = 5 * MEGABYTE
    assert ask(UPLOAD, [bytes(MEGABYTE)] * 5)[0] == 200
    assert ask(UPLOAD, [bytes(MEGABYTE)] * 6)[0] == 503


def test_uploads_of_one_person_are_bounded_and_a_place_is_free_after_each(settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_AT_ONCE = 2

    async def at_once() -> list[int]:
        limit = BodyLimit(Reached(), somebody)
        go_on = asyncio.Event()
        first = [asyncio.create_task(_answer_of(limit, go_on)) for _ in range(3)]
        done, _ = await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        go_on.set()
        refused = [task.result() for task in done]
        served = [await task for task in first if task not in done]
        return [*refused, *served, await _answer_of(limit, go_on)]

    assert asyncio.run(at_once()) == [429, 200, 200, 200]


async def _answer_of(limit: BodyLimit, go_on: asyncio.Event) -> int:
    answers: list[Message] = []

    async def receive() -> Message:
        await go_on.wait()
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def send(message: Message) -> None:
        answers.append(message)

    await limit({"type": "http", "path": UPLOAD, "headers": []}, receive, send)
    return int(answers[0]["status"])


async def _silent(path: str) -> int:
    answers: list[Message] = []
    parts = [{"type": "http.request", "body": b"x", "more_body": True}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        answers.append(message)

    await BodyLimit(Reached(), somebody)({"type": "http", "path": path, "headers": []}, receive, send)
    return int(answers[0]["status"])
