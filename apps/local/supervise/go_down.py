"""Stop everything: processes first, so that workers can hand their jobs back, then the servers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.local.supervise.child import Child
    from apps.local.supervise.embedded import Servers
    from apps.local.supervise.screen import Screen

_WITHIN = 29.0


def stop_in_order(children: Sequence[Child], servers: Servers | None, screen: Screen) -> None:
    """Let every child go, wait (their leashes kill those who overstay), then stop the servers."""
    started = time.monotonic()
    if children:
        screen.note("stopping: running jobs are handed back; Ctrl-C again stops at once")
    for child in children:
        child.let_go()
    for child in children:
        child.wait(max(0.0, started + _WITHIN - time.monotonic()))
    if servers is not None:
        servers.stop(started + _WITHIN - time.monotonic())
        screen.done("everything stopped", time.monotonic() - started)


def stop_at_once(children: Sequence[Child], servers: Servers | None, screen: Screen) -> None:
    """Kill every child, and stop the servers without waiting for anybody."""
    for child in children:
        child.kill()
    for child in children:
        child.wait(5.0)
    if servers is not None:
        servers.stop_at_once()
    screen.note("stopped at once; unfinished jobs run again at the next start")
