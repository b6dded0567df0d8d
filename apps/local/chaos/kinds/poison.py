"""Kill the process it runs in, each way as bad code would."""

import ctypes
import os
import sys

from apps.jobs import Context, job
from apps.local.chaos import sink
from apps.local.chaos.kinds.patience import STUBBORN


@job("chaos.poison", retry=STUBBORN)
def poison(ctx: Context, how: str) -> None:
    """Take the process down without a word to anybody."""
    sink.tell("begun", ctx.job_id, "poison")
    if how == "abort":
        os.abort()
    if how == "exit":
        os._exit(1)
    if how == "segfault":
        ctypes.string_at(0)
    if how == "stack":
        sys.setrecursionlimit(10**9)
        _nested() == _nested()  # noqa: B015  # comparing is what overflows


def _nested() -> list[object]:
    nested: list[object] = []
    for _ in range(500_000):
        nested = [nested]
    return nested
