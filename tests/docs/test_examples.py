"""docs/examples.md names every schedule that ships, when it runs, and no other."""

import re

from apps.jobs import registry
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
NOT_AN_EXAMPLE = {"cleanups.expired_uploads", "cleanups.old_files"}  # part of imports, and of the ledger


def test_the_page_says_when_each_schedule_runs() -> None:
    said = dict(re.findall(r"^\| `([\w.]+)` \| `([^`]+)`", PAGE, re.MULTILINE))
    shipped = {
        kind: task.cron
        for kind, task in registry.kinds().items()
        if task.cron and task.__module__.startswith("tasks.")
    }
    assert said == {kind: cron for kind, cron in shipped.items() if kind not in NOT_AN_EXAMPLE}
    assert len(said) == 7


def test_the_page_says_of_each_what_a_second_run_and_a_death_do() -> None:
    kinds = re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)
    assert all(kinds.count(kind) == 2 for kind in kinds)


def test_no_schedule_stacks_up() -> None:
    named = set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE))
    assert all(registry.get(kind).unique is not None for kind in named)
