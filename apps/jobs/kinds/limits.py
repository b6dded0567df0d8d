"""Limits: how many jobs of a key may run at once, and how many may start in a while.

A job type declares ``limit="10/min"``, ``concurrency=2`` or both, and ``limit_by`` names the
argument that has a limit of its own for each of its values. The enqueue stores the key with the
job; the relay, which is alone, counts. A key is made of the first name that the kind ever had, so that
a rename changes no key: the release before it and the one after count together.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from apps.jobs import storable
from apps.jobs.kinds.kind import Kind, lasting_name

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
    aliases: tuple[str, ...] = ()  # former names of the kind, the oldest first

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name under which its jobs wait."""
        return (self.kind, *self.aliases)

    @property
    def counts_as(self) -> str:
        """Return what its keys begin with."""
        return self.aliases[0] if self.aliases else self.kind


def key_of(task: Kind, args: Mapping[str, object]) -> str:
    """Return what a job's limits count: its kind, or its kind and one argument; "" when it has none."""
    if limit_of(task) is None:
        return ""
    name = task.limit_by
    if name is None:
        return lasting_name(task)
    value = storable.clean(str(args[name] if name in args else _default(task, name)))
    if len(value) > _LONGEST_VALUE:
        value = sha256(value.encode()).hexdigest()
    return f"{lasting_name(task)}:{value}"


def counted_as(task: Kind, key: str) -> str:
    """Return what the relay counts a stored key as: one of a time when another name was the first."""
    _, colon, value = key.partition(":")
    return f"{lasting_name(task)}{colon}{value}"


def lane_of(tenant: str, key: str) -> str:
    """Return the lane of a job: its tenant's, and within it one of its own for each limited key."""
    return f"{tenant}/{key}" if key else tenant


def limit_of(task: Kind) -> Limit | None:
    """Return what a job type declares, None when nothing limits it."""
    if task.limit is None and task.concurrency is None:
        return None
    rate = None if task.limit is None else Rate.parse(task.limit)
    return Limit(task.name, task.concurrency, rate, task.aliases)


def declared(tasks: Iterable[Kind]) -> list[Limit]:
    """Return the limits of all job types that have one."""
    return [limit for task in tasks if (limit := limit_of(task)) is not None]


def _default(task: Kind, name: str) -> object:
    parameter = task.parameters.parameters.get(name)
    return None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default
