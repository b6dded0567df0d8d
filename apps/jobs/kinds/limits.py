"""Limits: how many jobs of a key may run at once, and how many may start in a while.

A job type declares ``limit="10/min"``, ``concurrency=2`` or both, and ``limit_by`` names the
argument that has a limit of its own for each of its values. The enqueue stores the key with the
job; the relay, which is alone, counts.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from apps.jobs import storable
from apps.jobs.kinds.kind import Kind

_LONGEST_VALUE = 100  # the key stands in indexes; a longer value is counted by its hash
_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "day": 86400,
}
_RATE = re.compile(r"(\d{1,9})\s*/\s*([a-z]+)")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many jobs in so many seconds; as many may start at once after a rest."""

    jobs: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read a rate such as ``10/min``; raise ValueError with the way to write it."""
        match = _RATE.fullmatch(text.strip().lower())
        if match is None or match[2] not in _SECONDS or int(match[1]) < 1:
            raise ValueError(f"limit {text!r} is no rate. Write jobs per s, min, hour or day: 10/min.")
        return cls(int(match[1]), _SECONDS[match[2]])


@dataclass(frozen=True, slots=True)
class Limit:
    """What one kind's keys may do, each for itself."""

    kind: str
    concurrency: int | None
    rate: Rate | None


def key_of(task: Kind, args: Mapping[str, object]) -> str:
    """Return what a job's limits count: its kind, or its kind and one argument; "" when it has none."""
    if limit_of(task) is None:
        return ""
    name = task.limit_by
    if name is None:
        return task.name
    value = storable.clean(str(args[name] if name in args else _default(task, name)))
    if len(value) > _LONGEST_VALUE:
        value = sha256(value.encode()).hexdigest()
    return f"{task.name}:{value}"


def lane_of(tenant: str, key: str) -> str:
    """Return the lane of a job: its tenant's, and within it one of its own for each limited key."""
    return f"{tenant}/{key}" if key else tenant


def limit_of(task: Kind) -> Limit | None:
    """Return what a job type declares, None when nothing limits it."""
    if task.limit is None and task.concurrency is None:
        return None
    return Limit(task.name, task.concurrency, None if task.limit is None else Rate.parse(task.limit))


def declared(tasks: Iterable[Kind]) -> list[Limit]:
    """Return the limits of all job types that have one."""
    return [limit for task in tasks if (limit := limit_of(task)) is not None]


def _default(task: Kind, name: str) -> object:
    parameter = task.parameters.parameters.get(name)
    return None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default
