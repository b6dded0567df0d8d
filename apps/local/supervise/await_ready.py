"""Wait until every child is ready, ticking each on the checklist as it comes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apps.local.servers.explain import tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.local.supervise.child import Child
    from apps.local.supervise.screen import Screen

_PATIENCE = 90.0
_TICK = 0.1


def await_ready(children: Sequence[Child], screen: Screen, patience: float = _PATIENCE) -> bool:
    """Return whether all became ready without dying; what did not is shown with the end of its log."""
    waiting = list(children)
    well = True
    deadline = time.monotonic() + patience
    while waiting and time.monotonic() < deadline:
        for child in list(waiting):
            if child.becomes_ready():
                screen.done(f"{child.name} ready", child.seconds)
                waiting.remove(child)
        well = _tell_deaths(children, screen) and well
        time.sleep(_TICK)
    for child in waiting:
        screen.failed(f"{child.name} is not ready after {patience:.0f} s", f"Its log: {child.log}")
        screen.excerpt(child.name, tail(child.log))
    return well and not waiting


def _tell_deaths(children: Sequence[Child], screen: Screen) -> bool:
    well = True
    for child in children:
        last_words = tail(child.log) if child.ended else ""
        sentence = child.look()
        if sentence is not None:
            well = False
            screen.failed(sentence, f"Its log: {child.log}")
            screen.excerpt(child.name, last_words)
    return well
