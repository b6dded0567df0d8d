"""enqueue(): start a job by its kind, for code below ``tasks`` that cannot import the job type."""

from uuid import UUID

from apps.jobs import registry
from apps.jobs.origin import current


def enqueue(kind: str, /, **kwargs: object) -> UUID:
    """Insert a job in the caller's transaction and return its id; it runs after the commit.

    Raise UnknownKind when no job type has this name, TypeError when its arguments do not fit.
    """
    return registry.get(kind).enqueue((), kwargs, current())
