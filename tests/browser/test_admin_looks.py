"""Every list and form of the admin: accessible in both themes, and no wider than a phone."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import broken_here, broken_rules
from tests.browser.conftest import NewTab
from tests.browser.site import ADMIN, Site

PHONE = 390
THEMES: Final = ("light", "dark")
GRAVE = ("critical", "serious")
LINKS = "links => links.map(link => link.getAttribute('href'))"


# A name without a blank wherever the admin shows one.
LONG_NAMES = """
import django, json
django.setup()
from django.contrib.auth.models import Group
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from apps.accounts.models import User
from apps.jobs.models import Action
from django.utils.timezone import now
Group.objects.get_or_create(name="g" * 150)
name = {"first_name": "f" * 150, "last_name": "l" * 150}
User.objects.get_or_create(email="a" * 60 + "@" + "b" * 60 + ".example", defaults=name)
crontab, _ = CrontabSchedule.objects.get_or_create(minute="0", timezone="Europe/Vienna")
row = {"task": "kinds.add", "crontab": crontab, "enabled": False, "kwargs": json.dumps({"a": 1})}
PeriodicTask.objects.get_or_create(name="A" * 190, defaults=row)
Action.objects.create(at=now(), actor_name="ada", verb="replay", subject="q" * 300, reason="r" * 900)
"""


@pytest.fixture(scope="module")
def long_names(site: Site) -> None:
    """Give every list of the admin a record whose name is as long as the tables take it."""
    site.python(LONG_NAMES)


@pytest.fixture(scope="module")
def addresses(chromium: Browser, site: Site, logins: Any, long_names: None) -> list[str]:
    """Return the address of every page of the admin, each once."""
    with chromium.new_context(base_url=site.url, storage_state=logins(ADMIN)) as context:
        return list(dict.fromkeys(admin_pages(context.new_page())))


def test_no_page_of_the_admin_is_wider_than_a_phone(new_tab: NewTab, addresses: list[str]) -> None:
    tab = new_tab(ADMIN, viewport={"width": PHONE, "height": 800})
    wide = []
    for path in addresses:
        tab.goto(path)
        for theme in THEMES:
            tab.emulate_media(color_scheme=theme)
            found = tab.evaluate("document.documentElement.scrollWidth")
            wide += [f"{path}, {theme}: {found} px"] if found > PHONE else []
    assert wide == []


def test_no_page_of_the_admin_breaks_a_grave_rule(
    chromium: Browser, site: Site, logins: Any, addresses: list[str]
) -> None:
    context = chromium.new_context(
        base_url=site.url,
        storage_state=logins(ADMIN),
        viewport={"width": 1440, "height": 900},
        bypass_csp=True,  # for axe alone
        reduced_motion="reduce",  # a colour that changes slowly would be measured on its way
    )
    tab = context.new_page()
    broken = []
    for path in addresses:
        tab.emulate_media(color_scheme="light")
        broken += [f"{path}, light: {words}" for words in broken_rules(tab, path, GRAVE)]
        tab.emulate_media(color_scheme="dark")
        broken += [f"{path}, dark: {words}" for words in broken_here(tab, GRAVE)]
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
        records = tab.locator("#result_list tbody th a").evaluate_all(LINKS)  # a head holds links that sort
        yield from records[:1]
        tools = tab.locator(".object-tools a:not([href*=export])").evaluate_all(LINKS)
        yield from tools
        if records:
            tab.goto(records[0])
            tools = tab.locator(".object-tools a[href*='/admin/'], a.deletelink, .readonly a[href*='/ask/']")
            yield from tools.evaluate_all(LINKS)
