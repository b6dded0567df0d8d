"""JobFilter: which jobs a person means.  What is listed, counted, cancelled and retried goes through here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.jobs.models.job import Job
from apps.jobs.states import UNTIL_ITS_BATCH_ENDED, State
from apps.lib.ids import first_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Jobs that fit all that is given."""

    kind: str = ""
    queue: str = ""
    tenant: str | None = None  # "" is nobody in particular
    fingerprint: str = ""
    states: frozenset[State] = frozenset()  # empty: any
    since: datetime | None = None  # enqueued at or after, to the millisecond of the id
    until: datetime | None = None  # enqueued before
    ids: tuple[UUID, ...] | None = None
    but_batches: bool = False  # without those that wait until their batch has ended

    def jobs(self) -> QuerySet[Job]:
        """Return the jobs that fit now."""
        asked: dict[str, object] = {
            "kind": self.kind or None,
            "queue": self.queue or None,
            "tenant": self.tenant,
            "fingerprint": self.fingerprint or None,
            "state__in": sorted(self.states) or None,
            # through the key, by whose weeks the table is partitioned
            "id__gte": first_id_of(self.since) if self.since else None,
            "id__lt": first_id_of(self.until) if self.until else None,
            "id__in": self.ids,
        }
        found = Job.objects.filter(**{name: value for name, value in asked.items() if value is not None})
        return found.exclude(run_after=UNTIL_ITS_BATCH_ENDED) if self.but_batches else found

    def batches(self, size: int) -> Iterator[list[UUID]]:
        """Yield the ids of all that fit, the oldest first; each batch is looked for when it is asked for."""
        after: UUID | None = None
        ids = self.jobs().order_by("id").values_list("id", flat=True)
        while batch := list((ids.filter(id__gt=after) if after else ids)[:size]):
            yield batch
            after = batch[-1]

    def __str__(self) -> str:
        """Say in words what is meant."""
        if self.ids is not None and len(self.ids) == 1:
            return f"job {self.ids[0]}"
        words = [f"kind {self.kind}"] if self.kind else []
        words += [f"queue {self.queue}"] if self.queue else []
        words += [f"tenant {self.tenant!r}"] if self.tenant is not None else []
        words += [f"fingerprint {self.fingerprint!r}"] if self.fingerprint else []
        words += [f"state {' or '.join(state.label for state in sorted(self.states))}"] if self.states else []
        words += [f"since {self.since:%Y-%m-%d %H:%M:%S}"] if self.since else []
        words += [f"until {self.until:%Y-%m-%d %H:%M:%S}"] if self.until else []
        words += [f"{len(self.ids)} selected"] if self.ids is not None else []
        return f"jobs: {', '.join(words)}" if words else "all jobs"
