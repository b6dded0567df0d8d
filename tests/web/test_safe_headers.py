"""Every answer of the web process carries the headers that protect it, whoever made the answer."""

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from apps.accounts.models import User
from config.asgi import application
from tests.web.people import client_of, person

SAFE = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
Message = MutableMapping[str, Any]
Headers = Iterable[tuple[bytes, bytes]]


def ask(path: str, *headers: tuple[bytes, bytes], query: bytes = b"") -> tuple[int, dict[str, str]]:
    """Send a GET to the whole ASGI application; return the status and the headers of its answer."""

    asked = [(b"host", b"127.0.0.1"), *headers] if not _names_host(headers) else list(headers)
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query,
        "headers": asked,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    answers: list[Message] = []
    request: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not request:
            await asyncio.Event().wait()  # the browser stays until it has its answer
        return request.pop()

    async def send(message: Message) -> None:
        answers.append(message)

    async_to_sync(application)(scope, receive, send)
    found = {name.decode().lower(): value.decode() for name, value in answers[0]["headers"]}
    return int(answers[0]["status"]), found


def _names_host(headers: Headers) -> bool:
    return any(name == b"host" for name, _ in headers)


def is_safe(headers: dict[str, str]) -> bool:
    return all(value in headers.get(name, "") for name, value in SAFE.items())


@pytest.mark.parametrize(
    ("status", "path", "headers", "query"),
    [
        (200, "/login/", [], b""),
        (302, "/", [], b""),
        (404, "/no/such/page/", [], b""),
        (400, "/login/", [(b"host", b"evil.example")], b""),
        (400, "/login/", [], b"next=%00"),
        (400, "/login/\x00", [], b""),
        (413, "/login/", [(b"content-length", b"999999999999")], b""),
        (405, "/logout/", [], b""),
    ],
)
def test_answer_carries_the_safety_headers(
    status: int, path: str, headers: list[tuple[bytes, bytes]], query: bytes, transactional_db: None
) -> None:
    given, found = ask(path, *headers, query=query)
    assert given == status
    assert is_safe(found), found
    assert "no-store" in found["cache-control"]


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")  # WhiteNoise reads files itself
def test_static_file_is_safe_and_may_be_kept(db: None) -> None:
    status, headers = ask("/static/tokens.css")
    assert status == 200
    assert is_safe(headers)
    assert "no-store" not in headers["cache-control"]


@pytest.mark.parametrize("name", ["home", "imports", "admin:index", "admin:jobs_job_changelist"])
def test_page_with_private_data_is_kept_by_nobody(name: str, transactional_db: None) -> None:
    person(is_staff=True)
    User.objects.update(is_superuser=True)
    cookie = client_of(User.objects.get()).cookies["sessionid"].value.encode()
    status, headers = ask(reverse(name), (b"cookie", b"sessionid=" + cookie))
    assert status == 200
    assert "no-store" in headers["cache-control"]
    assert is_safe(headers)
