"""Answers that are never sent take no place of a person, also without garbage collections."""

import asyncio
import gc
import io
from collections.abc import Iterator
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import User
from apps.web.asgi import Message, Receive, Scope, Send
from apps.web.at_once import AtOnce, ReleasingPlaces
from tests.web.people import finished_import_of
from tests.web.test_downloads import content

pytestmark = pytest.mark.django_db

MOST = 3


@pytest.fixture(autouse=True)
def few_places_and_no_collections(settings: Settings) -> Iterator[None]:
    """Only reference counts free what is dropped."""
    settings.BACKLINE_STREAMS_AT_ONCE = settings.BACKLINE_DOWNLOADS_AT_ONCE = MOST
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("page", ["live_job", "upload", "rejects", "artifact"])
def test_a_page_that_is_gone_takes_no_place(browser: Client, page: str) -> None:
    statuses = [browser.get(reverse(page, args=[uuid4()])).status_code for _ in range(3 * MOST)]
    assert statuses == [404] * 3 * MOST


def test_a_file_that_was_deleted_takes_no_place(browser: Client, owner: User) -> None:
    run = finished_import_of(owner)
    run.upload.path.unlink()
    kept = [browser.get(reverse("upload", args=[run.job_id])) for _ in range(3 * MOST)]
    assert [answer.status_code for answer in kept] == [404] * 3 * MOST


def test_a_view_that_fails_takes_no_place(
    browser: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished_import_of(owner)

    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk failed")

    monkeypatch.setattr("apps.web.pages.downloads.of_file", fails)
    monkeypatch.setattr("apps.web.pages.live.event_stream", fails)
    for page in ("upload", "live_job"):
        statuses = [browser.get(reverse(page, args=[run.job_id])).status_code for _ in range(3 * MOST)]
        assert statuses == [500] * 3 * MOST


def test_answers_that_are_sent_count_until_they_are_read(browser: Client, owner: User) -> None:
    run = finished_import_of(owner)
    url = reverse("upload", args=[run.job_id])
    being_sent = [browser.get(url) for _ in range(MOST)]
    assert browser.get(url).status_code == 429
    content(being_sent.pop())
    assert browser.get(url).status_code == 200


def _scope() -> Scope:
    return {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}


async def _receive() -> Message:
    return {"type": "http.request"}


async def _send(_message: Message) -> None:
    return None


def test_a_client_that_leaves_before_its_answer_begins_leaves_its_place() -> None:
    places, never_closed = AtOnce(), []

    async def leaves(scope: Scope, _receive: Receive, _send: Send) -> None:
        request = ASGIRequest(scope, io.BytesIO())
        answer = places.held(request, "tom", 1, HttpResponse())
        never_closed.append(answer)  # as a cycle or a traceback keeps it
        raise asyncio.CancelledError

    async def ask() -> None:
        with pytest.raises(asyncio.CancelledError):
            await ReleasingPlaces(leaves)(_scope(), _receive, _send)

    for _ in range(3):
        async_to_sync(ask)()
    assert None not in never_closed


def test_a_thread_that_answers_after_the_end_of_its_request_leaves_its_place() -> None:
    places, late = AtOnce(), []

    async def ends(scope: Scope, _receive: Receive, _send: Send) -> None:
        late.append(ASGIRequest(scope, io.BytesIO()))

    async_to_sync(ReleasingPlaces(ends))(_scope(), _receive, _send)
    kept = [places.held(late[0], "tom", 1, HttpResponse()) for _ in range(3)]
    assert None not in kept
