"""How far a running job got: the sentence, the bar, the rate, the estimate."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.jobs.models import Job, Progress
from apps.jobs.states import State
from apps.lib import words
from apps.web.shown.about import About

_EARLIEST = timedelta(seconds=10)
_SMALLEST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class ShownProgress:
    """One job's progress for a page."""

    job: Job
    done: int
    total: int | None
    note: str
    rate: float | None
    about: About
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
        unit = self._unit
        if self.total and self.done > self.total:
            return f"Processed {words.count(self.done)}{unit} (expected {words.count(self.total)})"
        if self.total:
            return f"Processed {words.count(self.done)} {self._expected}{unit} ({self.percent} %)"
        return f"Processed {words.count(self.done)}{unit}"

    @property
    def short(self) -> str:
        """Say the same for a row of a list."""
        unit = self._unit
        if self.is_measured and self.total:
            return f"{words.count(self.done)} {self._expected}{unit}"
        return f"{words.count(self.done)}{unit}"

    @property
    def speed(self) -> str:
        """Say the rate of the last half minute."""
        if not self.rate or self.job.state != State.RUNNING:
            return ""
        rate = f"{self.rate:,.0f}" if self.rate >= 10 else f"{self.rate:.1f}"
        return f"{rate}{self._unit} a second now"

    @property
    def left(self) -> str:
        """Estimate the time left; silent until 5 % or 10 s, and when nothing can be known."""
        estimate = self.time_left
        return f"{words.about(estimate)} left" if estimate is not None else ""

    @property
    def _unit(self) -> str:
        return f" {self.about.unit}" if self.about.unit else ""

    @property
    def _expected(self) -> str:
        total = self.total or 0
        if self.about.guesses_total and self.job.state == State.RUNNING:
            return f"of about {words.count(words.rounded(total))}"
        return f"of {words.count(total)}"

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


def shown_progress(job: Job, progress: Progress | None, about: About, now: datetime) -> ShownProgress | None:
    """Return a job's progress, None before its first word or when it is of no interest any more."""
    if progress is None or (progress.done == 0 and progress.total is None):
        return None
    return ShownProgress(
        job, progress.done, progress.total, progress.note, progress.rate, about=about, now=now
    )
