"""Whether a live worker takes from a queue, knows a kind and reads a version of its arguments."""

from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings

from apps.jobs import sql


class Asked(NamedTuple):
    """What a waiting job needs of a worker."""

    queue: str
    kind: str = ""
    version: int = 1


class Served(NamedTuple):
    """The live workers of a queue, and how many of them can run the job."""

    workers: int
    slots: int
    know: int  # the kind
    read: int  # the version, too
    newest: int  # version that any of them reads
    cannot: list[str]  # names of some that cannot run it

    def fault(self, asked: Asked) -> "Fault | None":
        """Return why no live worker can run it; None when one can."""
        if not self.workers:
            mend = f"Run: celery -A config worker -Q {asked.queue}"
            return Fault("no worker", f"no live worker takes from queue {asked.queue}", mend)
        if not self.slots:
            mend = "Restart them with a concurrency of at least 1."
            return Fault("no slots", f"the live workers of queue {asked.queue} have no slots", mend)
        if asked.kind and not self.know:
            mend = f"Restart the workers with the release that has {asked.kind}."
            return Fault("unknown kind", f"no live worker knows kind {asked.kind}{self._named}", mend)
        if asked.kind and not self.read:
            reads = f"no live worker reads version {asked.version} of {asked.kind}, only up to {self.newest}"
            mend = f"Restart the workers with the release that reads version {asked.version}."
            return Fault("newer version", reads + self._named, mend)
        return None

    @property
    def _named(self) -> str:
        return f" ({', '.join(self.cannot)})" if self.cannot else ""


class Fault(NamedTuple):
    """Why jobs do not start, as a clause, and what to do."""

    reason: str
    clause: str
    mend: str

    @property
    def sentence(self) -> str:
        """Return the clause as a sentence."""
        return f"{self.clause[:1].upper()}{self.clause[1:]}."


def served(asked: Iterable[Asked]) -> dict[Asked, Served]:
    """Return the live workers for each of these, in one statement."""
    all_of_them = sorted(set(asked))
    if not all_of_them:
        return {}
    params = {
        "queues": [each.queue for each in all_of_them],
        "kinds": [each.kind for each in all_of_them],
        "versions": [each.version for each in all_of_them],
        "dead_after": settings.BACKLINE_DEAD_AFTER_S,
    }
    return {Asked(*row[:3]): Served(*row[3:]) for row in sql.run("served", params)}
