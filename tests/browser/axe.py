"""The rules of accessibility, as axe checks them on a page."""

from collections.abc import Collection
from functools import cache
from pathlib import Path

import axe_core_python
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
EVERY = ("critical", "serious", "moderate", "minor")


def broken_rules(tab: Page, path: str, impacts: Collection[str] = EVERY) -> list[str]:
    """Open a page and return the rules of these impacts that it breaks, each with its first element."""
    tab.goto(path)
    tab.add_script_tag(content=_axe())
    return broken_here(tab, impacts)


def broken_here(tab: Page, impacts: Collection[str] = EVERY) -> list[str]:
    """Return the rules that a page breaks as it is shown now, once `broken_rules` has opened it."""
    found = tab.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]} {each['nodes'][0]['failureSummary'][:300]}"
        for each in found["violations"]
        if each["impact"] in impacts
    ]


@cache
def _axe() -> str:
    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
