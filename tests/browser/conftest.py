"""A real Chromium against a real site; skipped only where Chromium is missing."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from apps.local.servers.postgres import PostgresServer
from tests.browser.site import OWNER, PASSWORD, Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",  # as root; it opens only pages of our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
NewTab = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and keep them on one xdist worker: they share a site."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return the browser."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(chromium: Browser) -> Iterator[Site]:  # without a browser there is nothing to start
    """Return a running site."""
    with tempfile.TemporaryDirectory(prefix="backline-site-") as directory:
        postgres = PostgresServer(Path(directory) / "pg")
        site = Site(Path(directory), postgres)
        try:
            site.start()
            yield site
        finally:
            site.stop()
            postgres.remove()


@pytest.fixture(scope="package")
def logins(chromium: Browser, site: Site) -> Callable[[str], Any]:
    """Return the cookies of somebody who logged in, once for each person."""
    known: dict[str, Any] = {}

    def login(email: str) -> Any:
        if email not in known:
            context = chromium.new_context(base_url=site.url)
            log_in(context.new_page(), email)
            known[email] = context.storage_state()
            context.close()
        return known[email]

    return login


@pytest.fixture
def new_tab(chromium: Browser, site: Site, logins: Callable[[str], Any]) -> Iterator[NewTab]:
    """Open tabs, each a browser of its own; what a page complains about in its console fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_tab(email: str | None = OWNER, **options: Any) -> Page:
        state = logins(email) if email else None
        context = chromium.new_context(base_url=site.url, storage_state=state, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.extend([str(error)]))
        tab.on("console", lambda said: complaints.extend([said.text] if said.type == "error" else []))
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    expected = ("status of 401", "status of 404", "status of 422", "ERR_FAILED", "ERR_BLOCKED_BY_CLIENT")
    assert [text for text in complaints if not any(known in text for known in expected)] == []


def log_in(tab: Page, email: str = OWNER) -> None:
    """Log in as a person does."""
    tab.goto("/login/")
    tab.get_by_label("E-mail").fill(email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    tab.wait_for_url("**/")
