"""What a job type declares.  A mistake in it stops the start and not a job."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from apps.jobs.kinds.kind import Upcaster
from apps.jobs.kinds.limits import Rate
from apps.jobs.kinds.priorities import priority_of
from apps.jobs.kinds.retry import RetryPolicy
from apps.jobs.kinds.spans import lasting
from apps.jobs.kinds.unique import Unique

_MOST_IN_A_BUNDLE = 500  # the constraint on jobs_bundle
_NEWEST = 32_767


@dataclass(frozen=True, slots=True)
class Declaration:
    """What can be said of a job type."""

    kind: str
    queue: str | None = None  # CELERY_TASK_ROUTES says it, else CELERY_TASK_DEFAULT_QUEUE
    priority: int = 0  # of jobs whose caller names none; the smallest first
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: timedelta = timedelta(minutes=10)
    bind: bool = False  # the function's first parameter is the task itself, as in Celery
    atomic: bool = False  # its effects in the database and its completion are one commit
    cron: str | None = None  # five crontab fields: a default schedule, which an admin may edit
    timezone: str = "UTC"  # of the schedule
    aliases: tuple[str, ...] = ()  # its former kinds, the oldest first: what waits under them still runs
    version: int = 1  # of its arguments; raised, with an upcaster, when stored ones no longer fit
    upcast: Mapping[int, Upcaster] = field(default_factory=dict)  # from each version to the next
    expires: timedelta | float | None = None  # not started so long after the enqueue: cancelled
    unique: Unique | None = None  # one job at a time; see there
    bundle: int = 500  # so many jobs of this kind at most in one message; 1: each has its own
    limit: str | None = None  # how many may start in a while: "10/min"
    concurrency: int | None = None  # how many may run at once
    limit_by: str | None = None  # an argument each of whose values has limits of its own
    internal: bool = False  # started by other code only: no form offers it
    on: type | tuple[type, ...] = ()  # events, each of which starts a job; see apps.events

    def check(self, signature: inspect.Signature) -> None:
        """Raise ValueError, with the kind and the way out, for what cannot be kept."""
        try:
            self.retry.check()
            self._check_times_and_names()
            priority_of(self.kind, self.priority)
            self._check_versions()
            self._check_limits(signature)
            self._check_unique(signature)
        except ValueError as error:
            raise ValueError(f"Job type {self.kind}: {error}") from None

    @property
    def listens_to(self) -> tuple[type, ...]:
        """Return the events that start a job of this kind."""
        return self.on if isinstance(self.on, tuple) else (self.on,)

    @property
    def expires_after(self) -> timedelta | None:
        """Return how long a job of this kind may wait."""
        return None if self.expires is None else lasting("expires", self.expires)

    def _check_times_and_names(self) -> None:
        if self.expires_after is not None and self.expires_after <= timedelta():
            raise ValueError(f"expires must be longer than nothing, not {self.expires!r}.")
        if not isinstance(self.aliases, tuple) or self.kind in self.aliases:
            raise ValueError(f"aliases must be a tuple of former names, not {self.aliases!r}.")

    def _check_versions(self) -> None:
        if not 1 <= self.version <= _NEWEST:
            raise ValueError(f"version must be a whole number from 1 to {_NEWEST}, not {self.version!r}.")
        strange = sorted(set(self.upcast) - set(range(1, self.version)))
        if strange:
            raise ValueError(
                f"upcast from version {strange[0]} leads nowhere: the newest version is {self.version}."
            )

    def _check_limits(self, signature: inspect.Signature) -> None:
        if not 1 <= self.bundle <= _MOST_IN_A_BUNDLE:
            raise ValueError(f"bundle must be from 1 to {_MOST_IN_A_BUNDLE}, not {self.bundle!r}.")
        if self.limit is not None:
            Rate.parse(self.limit)
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {self.concurrency!r}.")
        if self.limit_by is None:
            return
        if self.limit is None and self.concurrency is None:
            raise ValueError(f"limit_by={self.limit_by!r} limits nothing. Add limit or concurrency.")
        _check_argument("limit_by", self.limit_by, signature)

    def _check_unique(self, signature: inspect.Signature) -> None:
        by = self.unique and self.unique.by
        if not isinstance(by, tuple | None):
            raise ValueError(f"unique by must be a tuple of names, not {by!r}.")
        for name in by or ():
            _check_argument("unique by", name, signature)


def _check_argument(what: str, name: str, signature: inspect.Signature) -> None:
    if name not in signature.parameters:
        raise ValueError(f"{what} names {name!r}, which is none of its arguments {signature}.")
