"""Enqueue a stream of jobs and write down what became of each enqueue.

Every id is told to the sink before its commit (``trying``) and after (``kept``, ``undone``; ``unknown`` when
the answer was lost): what was kept has to end, what was undone may never run.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle

from apps.local.chaos import sink

_UNDONE_EVERY = 10  # one transaction in so many rolls back
_AGAIN_AFTER_S = 0.2
_GIVE_UP_S = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One job to enqueue."""

    kind: str
    arguments: dict[str, object]
    tenant: str = ""
    undo: bool = False  # roll one back before it


Enqueue = Callable[[Wanted], None]
Trouble = tuple[type[BaseException], ...]


def serve(enqueue: Enqueue, away: Trouble) -> None:
    """Do what each line asks and answer with how long the enqueues took."""
    for line in sys.stdin:
        asked = json.loads(line)
        mix = [Wanted(kind, arguments, tenant) for kind, arguments, tenant in asked["mix"]]
        took, errors = _stream(
            enqueue, away, _jobs(mix, asked["count"], lasts=asked["lasts"]), asked["per_s"]
        )
        answer = _told(sorted(took)) | {"errors": errors}
        print(json.dumps(answer), flush=True)  # noqa: T201  # the harness reads it


def _jobs(mix: list[Wanted], count: int, *, lasts: bool) -> Iterator[Wanted]:
    """Yield so many jobs; a load that lasts goes on until the harness has seen enough."""
    for number, wanted in enumerate(cycle(mix)):
        if number >= count and (not lasts or sink.has_enough()):
            return
        yield replace(wanted, undo=number % _UNDONE_EVERY == 0)


def _stream(enqueue: Enqueue, away: Trouble, jobs: Iterator[Wanted], per_s: float) -> tuple[list[float], int]:
    """Enqueue at a steady pace, or as fast as it goes."""
    began, took, errors = time.monotonic(), list[float](), 0
    for number, wanted in enumerate(jobs, start=1):
        errors += _insist(enqueue, away, wanted, took)
        if per_s:
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))
    return took, errors


def _insist(enqueue: Enqueue, away: Trouble, wanted: Wanted, took: list[float]) -> int:
    """Enqueue until it is kept, as a person who clicks again; return how often that failed."""
    errors, give_up_at = 0, time.monotonic() + _GIVE_UP_S
    while time.monotonic() < give_up_at:
        started = time.monotonic()
        try:
            enqueue(wanted)
        except away:
            errors += 1
            time.sleep(_AGAIN_AFTER_S)
        else:
            took.append(time.monotonic() - started)
            break
    return errors


def _told(took: list[float]) -> dict[str, float]:
    if not took:
        return {"kept": 0}
    return {
        "kept": len(took),
        "p50_s": took[len(took) // 2],
        "p99_s": took[int(len(took) * 0.99)],
        "max_s": took[-1],
    }
