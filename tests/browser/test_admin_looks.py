"""Every list and form of the admin: accessible in both themes, and no wider than a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import broken_rules
from tests.browser.conftest import NewTab
from tests.browser.site import ADMIN, Site

GRAVE = ("critical", "serious")
LINKS = "links => links.map(link => link.getAttribute('href'))"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_of_the_admin_breaks_a_grave_rule(
    theme: Any, chromium: Browser, site: Site, logins: Any
) -> None:
    context = chromium.new_context(
        base_url=site.url,
        storage_state=logins(ADMIN),
        color_scheme=theme,
        viewport={"width": 1440, "height": 900},
        bypass_csp=True,  # for axe alone
    )
    tab = context.new_page()
    pages = dict.fromkeys(admin_pages(tab))  # each once
    broken = [f"{path}: {words}" for path in pages for words in broken_rules(tab, path, GRAVE)]
    context.close()
    assert not broken, "\n".join(broken)


def test_the_theme_chosen_in_one_place_holds_in_the_other(new_tab: NewTab) -> None:
    tab = new_tab(ADMIN, color_scheme="light")
    tab.goto("/admin/")
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.get_by_role("button", name="Dark").click()
    tab.wait_for_load_state()
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    tab.goto("/")
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    assert tab.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    tab.get_by_role("button", name="Light").click()
    tab.wait_for_load_state()
    tab.goto("/admin/")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_the_words_of_a_line_stand_beside_its_field(new_tab: NewTab) -> None:
    tab = new_tab(ADMIN)
    tab.goto("/admin/django_celery_beat/periodictask/add/")
    tab.locator("#id_cron").fill("0 9-17 * * 1-5")
    words = tab.locator("[data-words]")
    words.get_by_text("Every hour from 09:00 to 17:00, Monday to Friday").wait_for()


def admin_pages(tab: Page) -> Iterator[str]:
    """Yield the index, every list, its first record, its form for a new one, and the pages that ask."""
    tab.goto("/admin/")
    lists = tab.locator("#content-main th a").evaluate_all(LINKS)
    assert len(lists) > 15
    yield "/admin/"
    for address in lists:
        yield address
        tab.goto(address)
        records = tab.locator("#result_list th a").evaluate_all(LINKS)
        yield from records[:1]
        tools = tab.locator(".object-tools a:not([href*=export])").evaluate_all(LINKS)
        yield from tools
        if records:
            tab.goto(records[0])
            yield from tab.locator(".object-tools a[href*='/admin/']").evaluate_all(LINKS)
