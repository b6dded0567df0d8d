"""How soon the jobs of what was killed begin again (I6), by the witness."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from apps.local.chaos.sink import Line


@dataclass(frozen=True, slots=True)
class Rescue:
    """What is promised to the jobs of what a fault kills: so many seconds, or nothing, for a reason."""

    within_s: float | None = None
    because: str = ""


OF_A_CHILD = Rescue(within_s=1.0)
OF_A_WORKER = Rescue(within_s=15.0)


def waits_of(lines: list[Line], at: float, pids: frozenset[int]) -> list[float]:
    """Return how long each job waited that was under way in these processes when they died.

    A main process may die alone: what its orphans bring to an end needs no rescue.
    """
    under_way: dict[int, Line] = {}
    waits = []
    for line in lines:
        if line.pid in pids:
            if line.what == "begun" and line.at <= at:
                under_way[line.pid] = line
            elif line.what == "done":
                under_way.pop(line.pid, None)
    jobs = {line.job for line in under_way.values()}
    for line in lines:
        if line.what == "begun" and line.job in jobs and line.at > at:
            waits.append(line.at - at)
            jobs.discard(line.job)
    return waits


def late(waits: Sequence[float], promised: Rescue | None, *, slowness: float) -> Iterator[str]:
    """Say which waits were longer than the fault allows; one that kills has to say what it allows."""
    if promised is None:
        if waits:
            yield f"I6: {len(waits)} jobs lost their process, and the fault does not say how soon they go on"
    elif promised.within_s is not None:
        most = promised.within_s * slowness
        if slow := [wait for wait in waits if wait > most]:
            yield (
                f"I6: {len(slow)} of {len(waits)} jobs whose process was killed began again later than "
                f"{most:.1f} s after it, after {max(slow):.1f} s at most"
            )
