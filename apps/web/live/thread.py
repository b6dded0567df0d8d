"""The one thread in which live pages read and draw: as many streams as there are, they hold one connection.

It rests as long as it worked, so that a hundred open tabs slow one another down and not the other pages.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connection

P = ParamSpec("P")
R = TypeVar("R")

_LONGEST_REST_S = 0.2

_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")


async def on_live_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in the live thread and wait for what it returns."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_executor, lambda: _call(function, *args, **kwargs))


def hang_up() -> None:
    """Close the live thread's connection from outside it, and wait until that is done."""
    _executor.submit(let_go).result()


def let_go() -> None:
    """Close the calling thread's connection, since it is not needed for long; the next use opens another."""
    if not connection.in_atomic_block:
        connection.close()


def _call(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    began = time.perf_counter()
    try:
        return function(*args, **kwargs)
    finally:
        time.sleep(min(time.perf_counter() - began, _LONGEST_REST_S))
