"""An errback that blocks until a file exists, as one that waits for a silent server."""

import os
import time
from pathlib import Path
from typing import Any

from apps.jobs import job


@job("kinds.blocking_errback")
def blocking_errback(request: Any, exc: Any, traceback: Any, until: str) -> None:
    """Write the failed task, the error and this process down, then wait."""
    Path(f"{until}.begun").write_text(f"{request.id} {type(exc).__name__} {os.getpid()}")
    while not Path(until).exists():
        time.sleep(0.05)
