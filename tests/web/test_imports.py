"""Handing a file in."""

import gzip
import lzma
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.transfers.models import Import, Upload
from apps.web.pages.imports import KIND, PAGE
from tests.web.people import GOOD, HEADER, HOSTILE, finished_import_of, import_of, person

IMPORTS = reverse("imports")
CSV = f"{HEADER}\n{GOOD}\n".encode()


def send(
    browser: Client, content: bytes = CSV, *, name: str = "orders.csv", encoding: str = "utf-8"
) -> HttpResponse:
    file = SimpleUploadedFile(name, content)
    return browser.post(IMPORTS, {"file": file, "encoding": encoding})  # type: ignore[return-value]


def test_a_file_becomes_a_job_of_its_sender(browser: Client, owner: User, uploads_dir: Path) -> None:
    answer = send(browser)
    run = Import.objects.select_related("upload").get()
    job = Job.objects.get(pk=str(run.job_id))
    assert answer.headers["Location"] == reverse("job", args=[job.pk])
    assert (job.kind, job.owner_id, job.trigger, job.subject) == (KIND, owner.pk, "web", "orders.csv")
    assert run.upload.path.read_bytes() == CSV
    assert run.upload.path.parent == uploads_dir


def test_what_the_sender_called_it_never_reaches_the_disk(browser: Client, uploads_dir: Path) -> None:
    send(browser, name="../../etc/passwd\u202e.csv")
    assert [path.name for path in uploads_dir.iterdir()] == [Upload.objects.get().pk.hex]
    assert "/" not in Upload.objects.get().name


def test_the_chosen_encoding_is_kept(browser: Client) -> None:
    send(browser, encoding="cp1252")
    assert Import.objects.get().encoding == "cp1252"


def test_packed_files_are_taken_as_they_are(browser: Client) -> None:
    assert send(browser, gzip.compress(CSV), name="orders.csv.gz").status_code == 302


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04" + b"x" * 600, "an Excel workbook (.xlsx), not CSV"),
        (b"%PDF-1.7 " + b"x" * 600, "a PDF document, not CSV"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 600, "a PNG image, not CSV"),
        (b"<!doctype html><p>", "a web page or XML document"),
    ],
)
def test_what_is_no_csv_is_refused_next_to_its_field(content: bytes, says: str, browser: Client) -> None:
    answer = send(browser, content)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert says in page
    assert 'aria-invalid="true" aria-describedby="file-error"' in page
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("content", "encoding", "says"),
    [
        (CSV.replace(b"Quantity", b"Menge"), "utf-8", "The first row lacks the column Quantity."),
        (f"{HEADER}\n".encode(), "utf-8", "has column names but no rows"),
        (CSV + "£5".encode("cp1252"), "utf-8", "Row 3: The file is not UTF-8"),
        (CSV.decode().encode("utf-16"), "utf-8", "it looks like UTF-16"),
        (gzip.compress(gzip.compress(CSV)), "utf-8", "packed twice"),
        (lzma.compress(CSV + CSV * 90_000), "utf-8", "times its size"),
        (gzip.compress(CSV)[:-9], "utf-8", "ends too early"),
    ],
)
def test_header_encoding_and_packing_are_examined_during_the_upload(
    content: bytes, encoding: str, says: str, browser: Client, uploads_dir: Path
) -> None:
    answer = send(browser, content, encoding=encoding)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Job.objects.exists()
    assert list(uploads_dir.iterdir()) == []


def test_the_page_names_the_quotas(browser: Client, settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_PER_MINUTE, settings.BACKLINE_UPLOAD_KEPT_BYTES = 3, 0
    page = browser.get(IMPORTS).content.decode()
    assert "a file, 3 files a minute, 10.7 GB a day, 20,000,000 rows a day." in page


def test_an_upload_over_a_quota_is_refused_next_to_its_field(browser: Client, settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_PER_MINUTE = 2
    assert [send(browser).status_code for _ in range(4)] == [302, 302, 422, 422]
    assert "At most 2 uploads a minute are allowed." in send(browser).content.decode()
    assert Upload.objects.count() == 2


def test_a_file_that_is_too_big_is_refused_and_not_kept(
    browser: Client, settings: Settings, uploads_dir: Path
) -> None:
    settings.BACKLINE_UPLOAD_MAX_BYTES = 100
    answer = send(browser)
    assert answer.status_code == 422
    assert "larger than 100 bytes" in answer.content.decode()
    assert list(uploads_dir.iterdir()) == []


def test_no_file_is_said_and_the_choice_of_encoding_stays(browser: Client) -> None:
    page = browser.post(IMPORTS, {"encoding": "utf-16"}).content.decode()
    assert "Choose a file first." in page
    assert 'value="utf-16" checked' in page


def test_an_encoding_that_was_not_offered_is_refused(browser: Client) -> None:
    answer = send(browser, encoding="rot13")
    assert answer.status_code == 422
    assert "Choose one of these." in answer.content.decode()


@pytest.mark.parametrize("name", [HOSTILE, "\x00\x01.csv", "", "a" * 500, "…\u200b.csv", "CON"])
def test_a_hostile_name_is_only_a_name(name: str, browser: Client) -> None:
    answer = send(browser, name=name or "x")
    assert answer.status_code == 302
    page = browser.get(answer.headers["Location"]).content.decode() + browser.get(IMPORTS).content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_sent_twice_is_imported_twice(browser: Client) -> None:
    send(browser)
    send(browser)
    assert Import.objects.count() == 2


def test_the_list_shows_mine_with_what_came_of_them(browser: Client, owner: User) -> None:
    finished_import_of(owner, name="mine.csv")
    import_of(person("other@aldervale.example"), name="theirs.csv")
    page = browser.get(IMPORTS).content.decode()
    assert "mine.csv" in page
    assert "theirs.csv" not in page
    assert "state is-succeeded" in page


def test_older_imports_are_a_page_away(browser: Client, owner: User, settings: Settings) -> None:
    settings.BACKLINE_UPLOADS_PER_MINUTE = 0
    for number in range(PAGE + 1):
        import_of(owner, name=f"file-{number}.csv")
    page = browser.get(IMPORTS).content.decode()
    assert "file-0.csv" not in page
    address = page.partition('href="?before=')[2].partition('"')[0]
    assert "file-0.csv" in browser.get(f"{IMPORTS}?before={address}").content.decode()


def test_an_import_whose_job_is_no_longer_kept_still_stands_there(browser: Client, owner: User) -> None:
    run = import_of(owner, name="old.csv")
    Job.objects.filter(pk=str(run.job_id)).delete()
    page = browser.get(IMPORTS).content.decode()
    assert "old.csv" in page
    assert "job no longer stored" in page


def test_a_newcomer_learns_which_columns_are_expected(browser: Client) -> None:
    page = browser.get(IMPORTS).content.decode()
    for column in HEADER.split(","):
        assert f">{column}</dt>" in page
