"""How far a running job got: the sentence, the bar, the rate, the estimate."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.jobs.models import Job, Progress
from apps.jobs.states import State
from apps.web.shown.words import about, count

_EARLIEST = timedelta(seconds=10)
_SMALLEST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class ShownProgress:
    """One job's progress for a page; ``unit`` is what it counts, in one word, or nothing."""

    job: Job
    done: int
    total: int | None
    note: str
    rate: float | None
    unit: str
    now: datetime

    @property
    def is_measured(self) -> bool:
        """Say whether the bar can have a length: a total is known and was not passed."""
        return bool(self.total) and self.done <= (self.total or 0)

    @property
    def percent(self) -> int | None:
        """Return the share that is done; 100 only when the job has ended well."""
        if self.job.state == State.SUCCEEDED:
            return 100
        if not self.is_measured or not self.total:
            return None
        return min(self.done * 100 // self.total, 99)

    @property
    def sentence(self) -> str:
        """Say how much was processed."""
        unit = f" {self.unit}" if self.unit else ""
        if self.total and self.done > self.total:
            return f"Processed {count(self.done)}{unit} (expected {count(self.total)})"
        if self.total:
            return f"Processed {count(self.done)} of {count(self.total)}{unit} ({self.percent} %)"
        return f"Processed {count(self.done)}{unit}"

    @property
    def short(self) -> str:
        """Say the same for a row of a list."""
        unit = f" {self.unit}" if self.unit else ""
        if self.is_measured and self.total:
            return f"{count(self.done)} of {count(self.total)}{unit}"
        return f"{count(self.done)}{unit}"

    @property
    def speed(self) -> str:
        """Say the rate of the last half minute."""
        if not self.rate or self.job.state != State.RUNNING:
            return ""
        rate = f"{self.rate:,.0f}" if self.rate >= 10 else f"{self.rate:.1f}"
        return f"{rate} {self.unit} a second lately".replace("  ", " ")

    @property
    def left(self) -> str:
        """Estimate the time left; silent until 5 % or 10 s, and when nothing can be known."""
        estimate = self.time_left
        return f"{about(estimate)} left" if estimate is not None else ""

    @property
    def time_left(self) -> timedelta | None:
        """Return the estimate itself."""
        job = self.job
        if job.state != State.RUNNING or not self.is_measured or not self.total or not self.rate:
            return None
        runs_for = self.now - job.started_at if job.started_at else timedelta()
        if self.done / self.total < _SMALLEST_SHARE and runs_for < _EARLIEST:
            return None
        return timedelta(seconds=min((self.total - self.done) / self.rate, 365 * 86400))


def shown_progress(job: Job, progress: Progress | None, *, unit: str, now: datetime) -> ShownProgress | None:
    """Return a job's progress, None before its first word or when it is of no interest any more."""
    if progress is None or (progress.done == 0 and progress.total is None):
        return None
    return ShownProgress(
        job, progress.done, progress.total, progress.note, progress.rate, unit=unit, now=now
    )
