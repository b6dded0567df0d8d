"""Run a module whose clock may be moved: `python -m apps.local.chaos.own_clock MODULE ARGUMENTS...`.

libfaketime 0.9.10 makes nonsense of Python's sleep, which waits for a moment of the clock that measures
durations. Waiting for nothing takes as long, and is left alone.
"""

import runpy
import select
import sys
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex) -> None:
    """Sleep as ``time.sleep`` does."""
    select.select((), (), (), float(seconds))


if __name__ == "__main__":
    time.sleep = sleep
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
