"""Wait for a condition instead of for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(happened: Callable[[], object], patience: float = 30.0) -> None:
    """Return as soon as `happened` is true; fail when it is not within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {patience:.0f} s")
        time.sleep(0.02)
