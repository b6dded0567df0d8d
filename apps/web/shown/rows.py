"""Jobs as rows of a list: state, where it stands, and one sentence each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from apps.accounts.models import User
from apps.jobs.models import Attempt, DeadLetter, Job, Progress
from apps.jobs.operating.blocked import blocked
from apps.jobs.operating.not_started import Cause
from apps.jobs.states import State
from apps.lib import words
from apps.web.shown.about import About
from apps.web.shown.imports import abouts
from apps.web.shown.internals import for_people
from apps.web.shown.now import now
from apps.web.shown.place import Place, places
from apps.web.shown.progress import ShownProgress, shown_progress
from apps.web.shown.trouble import shown_trouble
from apps.web.visible import may_cancel


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job of a list, with what its row shows."""

    job: Job
    about: About
    progress: ShownProgress | None
    place: Place | None
    blocked: str  # why it cannot start now
    trouble: str  # why it sleeps or died
    may_cancel: bool
    now: datetime

    @property
    def took(self) -> str:
        """Say how long the last attempt ran."""
        job = self.job
        if job.started_at is None:
            return ""
        return words.span((job.finished_at or self.now) - job.started_at)

    @property
    def wakes_in(self) -> str:
        """Say when a sleeping job goes on."""
        if self.job.waits_for_its_batch:
            return "when the jobs of its batch have ended"
        if self.job.run_after is None or self.job.run_after <= self.now:
            return "in a moment"
        return f"in {words.span(self.job.run_after - self.now)}"

    @property
    def is_stopping(self) -> bool:
        """Say whether somebody asked a running job to stop."""
        return self.job.state == State.RUNNING and self.job.cancel_requested_at is not None


def job_rows(jobs: Sequence[Job], user: User) -> list[JobRow]:
    """Load what the rows of these jobs show, in a few statements for all of them."""
    ids = [job.pk for job in jobs]
    moment = now()
    spoken = Progress.objects.in_bulk(ids)
    place = places(jobs)
    trouble = _troubles(jobs, user)
    causes = blocked(jobs)
    about = abouts(jobs)
    if not user.is_staff:
        about = {job_id: _for_people(one) for job_id, one in about.items()}
        for progress in spoken.values():
            progress.note = for_people(progress.note)  # not to be saved
    return [
        JobRow(
            job=job,
            about=about[job.pk],
            progress=shown_progress(job, spoken.get(job.pk), about[job.pk], moment),
            place=place.get(job.pk),
            blocked=_shown(causes[job.pk], user) if job.pk in causes else "",
            trouble=trouble.get(job.pk, ""),
            may_cancel=not job.has_ended and may_cancel(user, job),
            now=moment,
        )
        for job in jobs
    ]


def _shown(cause: Cause, user: User) -> str:
    """Return why a job cannot start; the text of an error behind it is for staff."""
    if user.is_staff:
        return cause.sentence
    if cause.reason not in ("keeper", "broker"):
        return for_people(cause.sentence)
    return cause.sentence.partition(": ")[0].rstrip(".") + "."


def _for_people(about: About) -> About:
    return replace(about, outcome=for_people(about.outcome))


def _troubles(jobs: Sequence[Job], viewer: User) -> dict[UUID, str]:
    """Find why jobs wait (the last failed attempt) or died (the dead letter), as the viewer may read it."""
    dead = [job.pk for job in jobs if job.state == State.DEAD]
    slept = [job.pk for job in jobs if job.state in (State.RETRYING, State.SCHEDULED) and job.attempt]
    of_letters = ("job_id", "message", "evidence__error_type", "attempts")
    letters = DeadLetter.objects.filter(pk__in=dead).values_list(*of_letters) if dead else []
    latest = (
        Attempt.objects.filter(job_id__in=slept).order_by("job_id", "-id").distinct("job_id")
        if slept
        else Attempt.objects.none()
    )
    told = [*letters, *latest.values_list("job_id", "message", "error_type", "number")]
    return {
        job_id: shown_trouble(message, error_type or "", viewer=viewer, job_id=job_id, number=number)
        for job_id, message, error_type, number in told
    }
