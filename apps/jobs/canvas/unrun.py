"""Find the tasks of a canvas that will never run, since a step before them failed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_Step = Mapping[str, Any]  # a signature, or what JSON left of it


def tasks_of(steps: Iterable[_Step]) -> Iterator[_Step]:
    """Yield the tasks whose results are those of the steps.

    A chord has the result of its body; the tasks of its header are not among them.
    """
    for step in steps:
        match step.get("subtask_type"):
            case "group" | "chain":
                yield from tasks_of(step["kwargs"]["tasks"])
            case "chord":
                yield from tasks_of([step["kwargs"]["body"]])
            case _:
                yield step
