"""The whole way: a file goes in, its job is watched, its rejected rows come back."""

import csv
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.acceptance.machine import ROOT
from tests.browser.conftest import NewTab, log_in
from tests.browser.site import NEWCOMER

SAMPLE = ROOT / "tests/data/order-lines-sample.csv"
JOB = re.compile(r"/jobs/[0-9a-f-]{36}/$")
IN_TIME = 60_000


def send_sample(tab: Page) -> None:
    tab.goto("/imports/")
    tab.locator("#file").set_input_files(SAMPLE)
    tab.get_by_role("button", name="Start the import").click()
    tab.wait_for_url(JOB)


def test_a_newcomer_sees_the_sample_arrive_and_gets_its_rejects(new_tab: NewTab, tmp_path: Path) -> None:
    tab = new_tab(None)
    log_in(tab, NEWCOMER)
    expect(tab.get_by_text("You have no jobs yet")).to_be_visible()
    tab.get_by_role("link", name="Import order lines").click()
    send_sample(tab)
    expect(tab.locator(".title-line .state")).to_have_text("succeeded", timeout=IN_TIME)
    progress = tab.get_by_role("region", name="Progress")
    expect(progress.get_by_text("7 rows were rejected")).to_be_visible()
    expect(tab).to_have_title(re.compile(r"\(succeeded\) order-lines-sample\.csv"))
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download 7 rows to fix").click()
    assert download.value.suggested_filename == "rejected-order-lines-sample.csv"
    rejected = tmp_path / "rejected.csv"
    download.value.save_as(rejected)
    with rejected.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert all(row["_error"] for row in rows)


def test_without_javascript_the_way_is_the_same(new_tab: NewTab) -> None:
    tab = new_tab(None, java_script_enabled=False)
    log_in(tab)
    send_sample(tab)
    for _ in range(200):
        if tab.locator(".title-line .state").inner_text() == "succeeded":
            break
        tab.reload()
    expect(tab.locator(".title-line .state")).to_have_text("succeeded")
    tab.get_by_role("button", name="Dark").click()
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    tab.locator("details.account summary").click()
    tab.get_by_role("button", name="Log out").click()
    expect(tab.get_by_role("heading", name="Log in")).to_be_visible()


def test_where_streams_do_not_get_through_the_page_asks(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.route("**/live/**", lambda route: route.abort())
    send_sample(tab)
    expect(tab.locator(".title-line .state")).to_have_text("succeeded", timeout=IN_TIME)


def test_a_mistake_is_seen_before_anything_is_sent(new_tab: NewTab, tmp_path: Path) -> None:
    tab = new_tab()
    tab.goto("/imports/")
    tab.get_by_role("button", name="Start the import").click()
    expect(tab.get_by_text("Choose a file first.")).to_be_visible()
    empty = tmp_path / "empty.csv"
    empty.touch()
    tab.locator("#file").set_input_files(empty)
    expect(tab.get_by_text("The file is empty.")).to_be_visible()


def test_what_the_server_refuses_stands_next_to_the_field(new_tab: NewTab, tmp_path: Path) -> None:
    tab = new_tab()
    tab.goto("/imports/")
    book = tmp_path / "book.csv"
    book.write_bytes(b"PK\x03\x04" + bytes(600))
    tab.locator("#file").set_input_files(book)
    tab.get_by_role("button", name="Start the import").click()
    expect(tab.get_by_text("an Excel workbook (.xlsx), not CSV")).to_be_visible()
    expect(tab.locator("#file")).to_have_attribute("aria-invalid", "true")
