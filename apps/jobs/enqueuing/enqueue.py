"""Start jobs by their kind, for code below ``tasks`` that cannot import the job type."""

from collections.abc import Iterable
from uuid import UUID

from apps.jobs import registry
from apps.jobs.enqueuing.enqueue_many import Item
from apps.jobs.origin import current


def enqueue(kind: str, /, **kwargs: object) -> UUID:
    """Insert a job in the caller's transaction and return its id; it runs after the commit.

    Raise UnknownKind when no job type has this name, TypeError when its arguments do not fit.
    """
    return registry.get(kind).enqueue((), kwargs, current())


def enqueue_many(kind: str, items: Iterable[Item], /, **options: object) -> int:
    """Insert a job for each item, a dict of named arguments or a tuple, and return how many; all or none.

    Raise UnknownKind when no job type has this name, TypeError or ValueError when an item does not fit.
    """
    return registry.get(kind).enqueue_many(items, **options)
