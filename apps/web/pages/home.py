"""Home: my jobs, and what I can start."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.jobs.models.job import JobQuerySet
from apps.jobs.states import CLAIMABLE, State
from apps.lib.words import count
from apps.web.live.marks import LISTED, Topic, version_of
from apps.web.request import LoggedIn
from apps.web.shown.imports import last_import
from apps.web.shown.rows import JobRow, job_rows


@dataclass(frozen=True, slots=True)
class MyJobs:
    """One page of a person's jobs."""

    rows: list[JobRow]
    older: UUID | None  # where the next page begins


@login_required
def home(request: LoggedIn) -> HttpResponse:
    """Show my jobs and what I can start."""
    before = uuid_or_none(request.GET.get("before", ""))
    mark = version_of(Topic(owner_id=request.user.pk))
    mine = my_jobs(request.user, before)
    context = {
        "greeting": _greeting(request.user, is_new=not mine.rows and before is None),
        "lead": lead(mine.rows) if before is None else "Earlier jobs.",
        "rows": mine.rows,
        "older": mine.older,
        "is_older": before is not None,
        "last_import": last_import(request.user.pk),
        "live_url": "" if before else f"{reverse('live_jobs')}?mark={mark}",
        "live_step": lead(mine.rows),
        "poll_url": "" if before else reverse("poll_jobs"),
    }
    return render(request, "home/home.html", context)


def my_jobs(user: User, before: UUID | None = None) -> MyJobs:
    """Load one page of a person's jobs, the newest first."""
    jobs = JobQuerySet(Job).of(user.pk)
    if before is not None:
        jobs = jobs.filter(pk__lt=before)
    found = list(jobs.order_by("-pk")[: LISTED + 1])
    shown = found[:LISTED]
    return MyJobs(job_rows(shown, user), shown[-1].pk if len(found) > LISTED else None)


def uuid_or_none(text: str) -> UUID | None:
    """Read an id from an address; what is none is ignored."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _greeting(user: User, *, is_new: bool) -> str:
    if is_new:
        return f"Welcome, {user.shown_name}"
    hour = timezone.localtime().hour
    part = "morning" if 4 <= hour < 12 else "afternoon" if 12 <= hour < 18 else "evening"
    return f"Good {part}, {user.shown_name}"


def lead(rows: list[JobRow]) -> str:
    """Say in a sentence what is going on."""
    if not rows:
        return "You have no jobs yet. The sample file takes a few seconds."
    running = sum(row.job.state == State.RUNNING for row in rows)
    waiting = sum(row.job.state in CLAIMABLE for row in rows)
    told = [f"{count(running, 'job')} running"] if running else []
    told += [f"{count(waiting, 'job')} waiting"] if waiting else []
    return f"{', '.join(told)}." if told else "No jobs are running."
