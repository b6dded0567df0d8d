"""What was asked for on the command line of `manage.py up`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The project, and the flags."""

    project: Path
    port: int | None = None
    demo: bool = True
    seconds: float | None = None
    workers: int = 2
