"""Imports point downwards, as the contracts in pyproject.toml say."""

import subprocess
import sys
from pathlib import Path

from tests.contracts.tree import ROOT


def test_imports_point_downwards() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}\nMove the code down, or let the two meet in a package below both."
    )
