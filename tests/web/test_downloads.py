"""Files that leave: to be saved, never opened, never cached, never whole in memory."""

import asyncio
import csv
import io
import operator
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.web.attachment import attachment, of_lines, safe_name
from tests.web.people import BAD, GOOD, HEADER, HOSTILE, finished_import_of


async def _gathered(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def content(answer: object) -> bytes:
    """Read a streamed answer to its end."""
    return async_to_sync(_gathered)(answer.streaming_content)  # type: ignore[attr-defined]  # of a stream


def test_the_file_comes_back_as_it_was(browser: Client, owner: User) -> None:
    run = finished_import_of(owner, name="orders.csv")
    answer = browser.get(reverse("upload", args=[run.job_id]))
    assert content(answer) == f"{HEADER}\n{GOOD}\n{BAD}".encode()
    assert answer.headers["Content-Length"] == str(run.upload.size)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="orders.csv"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_rejected_rows_come_back_with_reasons_and_without_formulas(owner: User, browser: Client) -> None:
    run = finished_import_of(owner, GOOD, BAD, name="orders.csv.gz")
    answer = browser.get(reverse("rejects", args=[run.job_id]))
    assert 'filename="rejected-orders.csv"' in answer.headers["Content-Disposition"]
    [header, row] = csv.reader(io.StringIO(content(answer).decode()))
    assert header == [*HEADER.split(","), "_row", "_error"]
    assert row[2] == '\'=HYPERLINK("http://evil")'
    assert row[-2] == "3"


def test_a_file_that_was_deleted_is_gone_and_its_page_says_so(browser: Client, owner: User) -> None:
    run = finished_import_of(owner)
    run.upload.path.unlink()
    assert browser.get(reverse("upload", args=[run.job_id])).status_code == 404


def test_the_sample_is_there_for_newcomers(browser: Client) -> None:
    answer = browser.get(reverse("sample"))
    assert content(answer).startswith(HEADER.encode())


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("orders.csv", "orders.csv"),
        ("Bücher & Töpfe.csv", "Bücher & Töpfe.csv"),
        ("../../etc/passwd", "etcpasswd"),
        ('a"; rm -rf.csv', "a rm -rf.csv"),
        ("line\r\nSet-Cookie: x=1.csv", "lineSet-Cookie x=1.csv"),
        ("gnp\u202eexe.csv", "gnpexe.csv"),
        ("\x00\x07", "file"),
        ("..", "file"),
        ("x" * 500 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_name_is_harmless_wherever_it_is_saved(name: str, kept: str) -> None:
    assert safe_name(name) == kept


def test_no_name_breaks_out_of_its_header() -> None:
    header = attachment(_nothing(), HOSTILE)["Content-Disposition"]
    assert "\n" not in header
    assert header.count('"') == 2
    assert "<" not in header


def test_a_million_lines_are_never_in_memory_together() -> None:
    lines = iter(["x" * 100] * 1_000_000)
    chunk = asyncio.run(_first(of_lines(lines)))
    assert len(chunk) >= 256 * 1024
    assert operator.length_hint(lines) > 990_000


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(aiter(chunks))


async def _nothing() -> AsyncIterator[bytes]:
    yield b""
