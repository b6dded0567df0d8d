"""Everything a job's page shows, read when it is first asked for: a live page asks for little at a time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property

from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs import registry
from apps.jobs.kinds import arguments
from apps.jobs.models import Attempt, DeadLetter, Job, LogLine
from apps.jobs.operating.history import AuditEntry, history
from apps.jobs.states import State
from apps.lib import words
from apps.transfers.models import Import
from apps.web.shown.artifacts import artifact_files
from apps.web.shown.imports import Entry, File, files, imports_of, readout
from apps.web.shown.internals import values_for_people
from apps.web.shown.life import Life, judged, life
from apps.web.shown.now import now
from apps.web.shown.rejected import Rejected, rejected
from apps.web.shown.rows import JobRow, job_rows
from apps.web.shown.state_words import state_word
from apps.web.shown.trouble import for_viewer, lines_for
from apps.web.visible import is_owner, may_cancel, may_open_artifacts

MOST_ATTEMPTS = 20
_MAY_REPLAY = ("jobs.view_job", "jobs.replay_deadletter")
MOST_LINES = 12
_LINES_FOLLOW = timedelta(seconds=3)


class JobPage:
    """One job as one viewer sees it; ``query`` is the address's: filter and page of the rejected rows."""

    def __init__(self, job: Job, viewer: User, query: Mapping[str, str]) -> None:
        self.job = job
        self.viewer = viewer
        self.query = query
        self.is_owner = is_owner(viewer, job)
        self.may_cancel = may_cancel(viewer, job)

    @cached_property
    def row(self) -> JobRow:
        """Return what a list would show of it."""
        return job_rows([self.job], self.viewer)[0]

    @cached_property
    def now(self) -> datetime:
        """Return the database's clock."""
        return now()

    @cached_property
    def attempts(self) -> list[Attempt]:
        """Return the latest attempts that did not end well, the newest first."""
        latest = Attempt.objects.filter(job_id=self.job.pk).order_by("-id")[:MOST_ATTEMPTS]
        return for_viewer(latest, self.viewer)

    @cached_property
    def is_settled(self) -> bool:
        """Tell whether nothing can change any more: the last log lines may follow the end of a job."""
        ended_at = self.job.finished_at
        return self.job.has_ended and (ended_at is None or self.now - ended_at > _LINES_FOLLOW)

    @cached_property
    def letter(self) -> DeadLetter | None:
        """Return the dead letter."""
        if self.job.state != State.DEAD:
            return None
        return DeadLetter.objects.filter(pk=self.job.pk).first()

    @cached_property
    def runs_now(self) -> bool:
        """Say whether an attempt stands above the finished ones: it runs, or it did the work."""
        return self.job.state in (State.RUNNING, State.SUCCEEDED)

    @cached_property
    def life(self) -> Life:
        """Return the drawing of its life."""
        progress = self.row.progress
        ends_in = progress.time_left if progress else None
        drawn = life(self.job, self.attempts[::-1], ends_in=ends_in, now=self.now)
        return judged(drawn, self.row.about.verdict)

    @cached_property
    def waited(self) -> str:
        """Say how long it stood in line before its first start."""
        first = self.attempts[-1].started_at if self.attempts else self.job.started_at
        if first is None:
            return f"waiting {words.span(self.now - self.job.enqueued_at)}" if not self.job.has_ended else ""
        return f"waited {words.span(max(first - self.job.enqueued_at, timedelta()))}"

    @cached_property
    def ran(self) -> str:
        """Say how long the latest attempt runs or ran."""
        if self.job.state == State.RUNNING:
            return f"running {self.row.took}"
        return f"took {self.row.took}" if self.job.state == State.SUCCEEDED else ""

    @cached_property
    def lines(self) -> list[LogLine]:
        """Return the last lines of its log, the oldest first."""
        latest = LogLine.objects.filter(job_id=self.job.pk).order_by("-id")[:MOST_LINES]
        return lines_for(latest, self.viewer)[::-1]

    @cached_property
    def line_count(self) -> int:
        """Return how many lines there are."""
        return LogLine.objects.filter(job_id=self.job.pk).count()

    @property
    def title(self) -> str:
        """Return the title of the tab: how far, then what."""
        name = self.row.about.title[:80]
        percent = self.row.progress.percent if self.row.progress else None
        if self.job.state == State.RUNNING:
            return f"({percent} %) {name}" if percent is not None else f"(running) {name}"
        return f"({self.state_words}) {name}"

    @property
    def state_words(self) -> str:
        """Return how it stands or ended, in words for the person who started it."""
        verdict = self.row.about.verdict
        return verdict.words if verdict else state_word(self.job.state)

    @property
    def step(self) -> str:
        """Name the step that is worth saying aloud: a state, and each quarter of the way."""
        percent = self.row.progress.percent if self.row.progress else None
        return f"{self.job.state}.{self.job.attempt}.{(percent or 0) // 25}"

    @property
    def said(self) -> str:
        """Say where it stands, for those who do not see it."""
        progress = self.row.progress
        if self.job.state == State.RUNNING and progress and progress.percent is not None:
            return f"{progress.percent} percent. {progress.left}".strip()
        return f"{self.row.about.title[:80]}: {self.state_words}."

    @cached_property
    def sentence(self) -> str:
        """Say what this job is, since when, and whose."""
        job = self.job
        whose = "you" if self.is_owner else job.owner.shown_name if job.owner else job.trigger
        what = self.row.about.what or job.kind
        started = job.started_at or job.enqueued_at
        verb = "Started" if job.started_at else "Enqueued"
        local = timezone.localtime(started)
        return f"{what}. {verb} {words.day_and_time(local, timezone.localtime(self.now))} by {whose}."

    @cached_property
    def description(self) -> str:
        """Return what the code says of its kind."""
        return registry.summary_of(self.job.kind)

    @cached_property
    def result(self) -> str:
        """Return its result as JSON, secrets masked."""
        result = self.job.result
        if result is None:
            return ""
        return arguments.pretty(result if self.viewer.is_staff else values_for_people(result))

    @cached_property
    def past(self) -> list[Attempt | AuditEntry]:
        """Return earlier attempts and what people did to it, the newest first."""
        both: list[Attempt | AuditEntry] = [*self.attempts, *history(self.job.pk)]
        return sorted(both, key=_happened_at, reverse=True)

    @cached_property
    def replay_page(self) -> str:
        """Return the address of the admin page where this viewer may replay a dead job; empty for others."""
        may = self.viewer.is_staff and self.viewer.has_perms(_MAY_REPLAY)
        return reverse("admin:jobs_job_change", args=[self.job.pk]) if may else ""

    @cached_property
    def run(self) -> Import | None:
        """Return the import that this job runs, if it is one."""
        return imports_of([self.job]).get(self.job.pk)

    @cached_property
    def readout(self) -> list[Entry]:
        """Return the numbers of an import."""
        progress = self.row.progress
        return readout(self.run, progress.total if progress else None) if self.run else []

    @cached_property
    def files(self) -> list[File]:
        """Return what can be downloaded."""
        own = files(self.run, is_owner=self.is_owner, has_ended=self.job.has_ended) if self.run else []
        return own + artifact_files(self.job, may_open=may_open_artifacts(self.viewer, self.job))

    @cached_property
    def rejected(self) -> Rejected | None:
        """Return the rejected rows, as filtered and paged by the address."""
        if self.run is None or not self.run.rejected:
            return None
        return rejected(self.run, self.query, shows_rows=self.is_owner)


def _happened_at(one: Attempt | AuditEntry) -> datetime:
    return one.at if isinstance(one, AuditEntry) else one.ended_at
