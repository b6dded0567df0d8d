"""Every page, in every state: accessible, readable in both themes, and no wider than a phone."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import broken_rules
from tests.browser.conftest import NewTab
from tests.browser.site import Site


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_accessibility(
    theme: Any, width: int, chromium: Browser, site: Site, logins: Any
) -> None:
    broken = []
    for email in {page.email for page in site.pages()}:
        context = chromium.new_context(
            base_url=site.url,
            storage_state=logins(email) if email else None,
            color_scheme=theme,
            viewport={"width": width, "height": 900},
            bypass_csp=True,  # for axe alone; every other test lives under the policy
        )
        tab = context.new_page()
        for page in site.pages():
            if page.email == email:
                broken += [f"{page.name}: {words}" for words in broken_rules(tab, page.path)]
        context.close()
    assert broken == []


@pytest.mark.parametrize("width", [390, 320])
def test_no_page_scrolls_sideways_on_a_phone(width: int, new_tab: NewTab, site: Site) -> None:
    wide = []
    for email in {page.email for page in site.pages()}:
        tab = new_tab(email, viewport={"width": width, "height": 800})
        for page in site.pages():
            if page.email == email:
                tab.goto(page.path)
                found = tab.evaluate("document.documentElement.scrollWidth")
                wide += [f"{page.name}: {found} px"] if found > width else []
    assert wide == []


def test_the_chosen_theme_wins_over_the_systems(new_tab: NewTab) -> None:
    tab = new_tab(color_scheme="light")
    tab.goto("/")
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.get_by_role("button", name="Dark").click()
    tab.wait_for_load_state()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert tab.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"


def test_what_is_focused_can_be_seen(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.goto("/")
    for _ in range(8):
        tab.keyboard.press("Tab")
        width = tab.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2


def test_on_paper_there_is_no_board_and_no_button(new_tab: NewTab, site: Site) -> None:
    tab = new_tab()
    tab.goto(f"/jobs/{site.states['succeeded']}/")
    tab.emulate_media(media="print")
    assert tab.locator(".board").is_hidden()
    assert tab.locator(".foot .theme").is_hidden()
