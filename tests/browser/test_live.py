"""Pages that update by themselves do not get in the way of who uses them."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import NewTab
from tests.browser.site import Site


def test_updates_arrive_without_a_reload_and_leave_focus_and_menus_alone(new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    tab.goto(f"/jobs/{job_id}/")
    tab.evaluate("window.sameLoad = true")
    tab.locator("details.account summary").click()
    cancel = tab.get_by_role("link", name="Cancel job")
    cancel.focus()
    site.speaks(job_id, 42)
    expect(tab.get_by_text("Processed 42 of 100 (42 %)")).to_be_visible()
    expect(tab).to_have_title(re.compile(r"^\(42 %\) watched\.csv · Backline$"))
    expect(cancel).to_be_focused()
    assert tab.locator("details.account").evaluate("menu => menu.open")
    assert tab.evaluate("window.sameLoad")
    expect(tab.get_by_role("progressbar")).to_have_js_property("value", 42)


def test_quarters_of_the_way_are_said_and_nothing_between(new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    tab.goto(f"/jobs/{job_id}/")
    voice = tab.locator("[data-live-say]")
    site.speaks(job_id, 10)
    expect(tab.get_by_text("(10 %)")).to_be_visible()
    expect(voice).to_have_text("")
    site.speaks(job_id, 51)
    expect(voice).to_have_text("51 percent.")
    site.speaks(job_id, 60)
    expect(tab.get_by_text("(60 %)")).to_be_visible()
    expect(voice).to_have_text("51 percent.")


def test_updates_can_be_paused_and_go_on(new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    tab.goto(f"/jobs/{job_id}/")
    tab.get_by_role("button", name="Pause updates").click()
    expect(tab.get_by_text("Paused.")).to_be_visible()
    site.speaks(job_id, 30)
    watching = new_tab()
    watching.goto(f"/jobs/{job_id}/")
    site.speaks(job_id, 31)
    expect(watching.get_by_text("(31 %)")).to_be_visible()
    expect(tab.get_by_text("(31 %)")).to_have_count(0)
    tab.get_by_role("button", name="Resume updates").click()
    expect(tab.get_by_text("(31 %)")).to_be_visible()


def test_home_moves_too(new_tab: NewTab, site: Site) -> None:
    tab = new_tab()
    tab.goto("/")
    job_id = site.a_running_job()
    row = tab.locator(f"#job-{job_id}")
    expect(row).to_be_visible()
    site.speaks(job_id, 77)
    expect(row.get_by_text("77 of 100")).to_be_visible()


def test_a_job_is_cancelled_with_the_keyboard_alone(new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    tab.goto("/")
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to content")).to_be_focused()
    tab.keyboard.press("Enter")
    cancel = tab.locator(f"#job-{job_id}").get_by_role("link", name="Cancel")
    for _ in range(12):
        if cancel.evaluate("link => link === document.activeElement"):
            break
        tab.keyboard.press("Tab")
    expect(cancel).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Cancel this job?")).to_be_visible()
    stop = tab.get_by_role("button", name="Cancel job")
    for _ in range(20):
        if stop.evaluate("button => button === document.activeElement"):
            break
        tab.keyboard.press("Tab")
    expect(stop).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Stop requested").first).to_be_visible()
    expect(tab.get_by_text("Stops at its next safe point", exact=True)).to_be_visible()


def test_the_page_of_a_logged_out_person_stops_asking(new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    tab.route("**/live/**", lambda route: route.abort())
    tab.goto(f"/jobs/{job_id}/")
    tab.context.clear_cookies()
    expect(tab.get_by_text("Updates stopped. Reload the page.")).to_be_visible()


def test_a_stream_that_ends_in_order_is_opened_again_and_is_no_failure(new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    asked: list[str] = []

    def end_in_order(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(content_type="text/event-stream", body="event: again\ndata:\n\n")

    tab.route("**/live/**", end_in_order, times=5)
    tab.goto(f"/jobs/{job_id}/")
    site.speaks(job_id, 33)
    expect(tab.get_by_text("(33 %)")).to_be_visible()
    expect(tab.get_by_text("Updates automatically.")).to_be_visible()
    assert len(asked) == 5


@pytest.mark.parametrize("way", ["stream", "polling"])
def test_a_job_watched_to_its_end_leaves_nothing_of_before(way: str, new_tab: NewTab, site: Site) -> None:
    job_id = site.a_running_job()
    tab = new_tab()
    if way == "polling":
        tab.route("**/live/**", lambda route: route.abort())
    tab.goto(f"/jobs/{job_id}/")
    site.speaks(job_id, 90)
    expect(tab.get_by_text("(90 %)")).to_be_visible()
    site.succeeds(job_id)
    expect(tab.get_by_text("Finished.", exact=True)).to_be_visible()
    expect(tab.get_by_text("Attempt 1, succeeded")).to_be_visible()
    assert tab.get_by_text("Attempt 1, running").count() == 0
    assert tab.get_by_text("the last line").count() == 1
    assert tab.get_by_role("link", name="Cancel job").count() == 0
    expect(tab.get_by_role("button", name="Pause updates")).to_be_hidden()
