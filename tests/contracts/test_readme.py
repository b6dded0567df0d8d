"""Every command that README.md tells a newcomer to type is run by a test."""

import re

from tests.contracts.tree import ROOT, told

# The command, and the test that runs it.
KNOWN = {
    "make up": "tests/local (the supervisor on real processes) and .ci/run",
    "make test": "this run",
    ".venv/bin/python manage.py import_orders tests/data/order-lines-sample.csv --wait": "tests/acceptance",
    ".venv/bin/python manage.py doctor": "tests/local",
    ".venv/bin/celery -A config inspect ping": "tests/acceptance",
}


def _commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|shell|bash|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [
        line.strip() for block in blocks for line in block.splitlines() if line.strip() and line[0] != "#"
    ]


def test_the_readme_begins_with_commands() -> None:
    assert _commands()[:2] == ["make up", "make test"]


def test_every_command_of_the_readme_is_known() -> None:
    unknown = [command for command in _commands() if command not in KNOWN]
    assert not unknown, told(unknown, "Write a test that runs it, and name the test in KNOWN.")


def test_no_known_command_left_the_readme() -> None:
    gone = sorted(set(KNOWN) - set(_commands()))
    assert not gone, told(gone, "Take these out of KNOWN: README.md no longer holds them.")


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(((?!https?:|#)[^)]+)\)", text)
    gone = [target for target in targets if not (ROOT / target.partition("#")[0]).exists()]
    assert not gone, told(gone, "Write these pages, or take the links out of README.md.")
