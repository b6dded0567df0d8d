"""What an admin does with a schedule, in the admin and with a beat running."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewTab
from tests.browser.site import PASSWORD, Site

ADMIN = "maya@aldervale.example"
MAKE_ADMIN = f"""
import django
django.setup()
from apps.accounts.models import User
User.objects.create_superuser({ADMIN!r}, {PASSWORD!r}, first_name="Maya", last_name="Lindqvist")
"""
LIST = "/admin/django_celery_beat/periodictask/"


def test_a_schedule_is_made_looked_at_run_and_changed(new_tab: NewTab, site: Site) -> None:
    site.python(MAKE_ADMIN)
    site.beat()
    tab = new_tab(ADMIN)
    _make(tab)
    next_at = "SELECT count(*) FROM schedules_plan WHERE next_at::time = %s"
    site.until(lambda: site.value(next_at, "01:30") == 1, "beat sees the new schedule", 5)
    _run_now(tab)
    tab.goto(LIST)
    tab.get_by_role("link", name="monthly sums").click()
    ahead = tab.locator("[data-look-ahead]")
    expect(ahead).to_contain_text("At 01:30, on day 28 of the month")
    tab.get_by_label("Crontab line").fill("45 1 28 * *")
    expect(ahead).to_contain_text("Was: At 01:30, on day 28 of the month")
    tab.get_by_label("Crontab line").fill("45 1 31 2 *")
    expect(ahead.get_by_role("alert")).to_contain_text("never occurs")
    tab.get_by_label("Crontab line").fill("45 1 28 * *")
    expect(ahead).to_contain_text(re.compile(r"28 \w+ \d{4}, 01:45:00 UTC"))
    tab.get_by_label("b:", exact=True).fill("6")
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("was changed successfully")).to_be_visible()
    site.until(lambda: site.value(next_at, "01:45") == 1, "beat sees the change", 5)
    _roll_back(tab)
    site.until(lambda: site.value(next_at, "01:30") == 1, "beat sees what was rolled back", 5)


def _make(tab: Page) -> None:
    tab.goto(f"{LIST}add/")
    tab.get_by_label("Name:").fill("monthly sums")
    tab.get_by_label("Task:").select_option("kinds.add")
    tab.get_by_label("a:", exact=True).fill("4")
    tab.get_by_label("b:", exact=True).fill("5")
    tab.get_by_label("Crontab line").press_sequentially("30 1 28 * *", delay=20)
    rows = tab.locator("[data-look-ahead] tbody tr")
    expect(rows).to_have_count(10)
    expect(rows.first).to_contain_text(re.compile(r"28 \w+ \d{4}, 01:30:00 UTC"))
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.get_by_text("was added successfully")).to_be_visible()


def _run_now(tab: Page) -> None:
    tab.goto(LIST)
    row = tab.get_by_role("row", name=re.compile("monthly sums"))
    expect(row).to_contain_text("At 01:30, on day 28 of the month")
    row.get_by_role("checkbox").check()
    tab.locator("select[name=action]").select_option(label="Run selected schedules now")
    tab.get_by_role("button", name="Go", exact=True).click()
    expect(tab.get_by_text("Started: 1.")).to_be_visible()
    tab.get_by_role("link", name="monthly sums").click()
    tab.get_by_role("link", name="Run history").click()
    moment = tab.get_by_role("row", name=re.compile("run by hand"))
    moment.locator(".field-job a").click()
    expect(tab.get_by_text("kinds.add").first).to_be_visible()


def _roll_back(tab: Page) -> None:
    tab.goto(LIST)
    tab.get_by_role("link", name="monthly sums").click()
    tab.get_by_role("link", name="All versions").click()
    newest = tab.locator("#result_list tbody tr").first
    expect(newest).to_contain_text("crontab line: 30 1 28 * * → 45 1 28 * *; kwargs.b: 5 → 6")
    expect(newest).to_contain_text(ADMIN)
    newest.get_by_role("link").first.click()
    expect(tab.locator("del", has_text="30 1 28 * *")).to_be_visible()
    tab.go_back()
    tab.locator("#result_list tbody tr").last.get_by_role("link").first.click()
    tab.get_by_role("link", name="Roll back to this version").click()
    expect(tab.locator("ins", has_text="30 1 28 * *")).to_be_visible()
    tab.get_by_role("button", name="Roll back").click()
    expect(tab.get_by_text("was rolled back to")).to_be_visible()
    expect(tab.get_by_label("Crontab line")).to_have_value("30 1 28 * *")
    expect(tab.get_by_label("b:", exact=True)).to_have_value("5")
