"""Every crash point stands somewhere in the core, kills once when armed, and does nothing otherwise."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from apps.jobs.crash_points import POINTS
from tests.contracts.tree import ROOT, code

if TYPE_CHECKING:
    from pathlib import Path

REACH = "from apps.jobs.crash_points import reached; reached('claim.after'); print('lives')"


def reach(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", REACH]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)


def test_every_point_stands_in_the_core_once_and_no_other_does() -> None:
    found = [
        point
        for path in code("apps")
        if path.is_relative_to(ROOT / "apps/jobs")
        for point in re.findall(r'crash_points\.reached\("([a-z.]+)"\)', path.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == sorted(POINTS)


def test_an_armed_point_kills_its_process_once(tmp_path: Path) -> None:
    (tmp_path / "claim.after").touch()
    assert reach({"BACKLINE_CRASH_POINTS": str(tmp_path)}).returncode == -signal.SIGKILL
    assert reach({"BACKLINE_CRASH_POINTS": str(tmp_path)}).stdout == "lives\n"


def test_without_a_harness_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "claim.after").touch()
    assert reach({"BACKLINE_CRASH_POINTS": ""}).stdout == "lives\n"
    assert (tmp_path / "claim.after").exists()
