"""Which stored jobs this release cannot read: asked before a deploy, so that it does not bury them."""

from collections.abc import Iterator
from dataclasses import dataclass

from apps.jobs import registry, sql
from apps.jobs.messages import dead_messages


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Jobs of one kind and version that would be buried, or cannot be replayed."""

    kind: str
    version: int
    stands: str  # waiting, running or dead
    count: int
    why: str

    def __str__(self) -> str:
        """Say it in a sentence, and the way out in another."""
        jobs = "job" if self.count == 1 else "jobs"
        return (
            f"This release cannot read {self.count} {self.stands} {jobs} of kind {self.kind} "
            f"version {self.version}: {self.why}"
        )


def unreadable() -> Iterator[Unreadable]:
    """Look through all jobs that have not ended well."""
    for kind, version, stands, count in sql.run("stored_versions", {}):
        why = None if kind == dead_messages.KIND else _fault(kind, version)  # no release reads those
        if why is not None:
            yield Unreadable(kind, version, stands, count, why)


def _fault(kind: str, version: int) -> str | None:
    try:
        task = registry.get(kind)
    except registry.UnknownKind:
        return "no job type has this name. Add it to the aliases of the one that took its place."
    if version > task.version:
        return f"its job type reads up to version {task.version}. Deploy the release that wrote them."
    missing = [old for old in range(version, task.version) if old not in task.upcast]
    if missing:
        return f"there is no upcaster from version {missing[0]}. Add it to upcast."
    return None
