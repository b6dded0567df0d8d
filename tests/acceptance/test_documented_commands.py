"""Every command of the documentation is typed by a test, on real servers with a real worker and keeper."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.machine import ROOT, Machine
from tests.docs.blocks import PAGES, blocks, shell_commands

# What `make` runs is tested where it is built; here only that the target exists and calls it.
MAKE = {"make up": "manage.py up", "make test": "-m pytest"}


@pytest.mark.parametrize("command", sorted(set(shell_commands()) & set(MAKE)))
def test_make_has_the_target_that_the_readme_names(command: str) -> None:
    done = subprocess.run([*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert MAKE[command] in done.stdout


def test_the_readme_begins_with_the_two_commands_that_do_everything() -> None:
    assert blocks(ROOT / "README.md", "sh")[0].split("\n")[:2] == ["make up", "make test"]


def test_every_other_command_of_the_pages_does_what_it_says(machine: Machine) -> None:
    machine.keeper()
    machine.worker()
    machine.beat()
    machine.until(lambda: machine.value("SELECT count(*) FROM schedules_beat") > 0, "beat lives")
    typed = {command: page for command, page in shell_commands().items() if command not in MAKE}
    assert typed, "the pages name no command any more"
    for command, page in typed.items():
        words = shlex.split(command)
        words[0] = str(Path(sys.executable).parent / Path(words[0]).name)
        done = subprocess.run(
            words, cwd=ROOT, env=machine.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, (
            f"{page}: {command}\n{done.stdout}\n{done.stderr}\n{machine.last_words()}"
        )


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"
