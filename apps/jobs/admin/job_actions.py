"""What people do to jobs in the admin: cancel, run now, run again.  Asked first, recorded after."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from apps.jobs import registry
from apps.jobs.models import Job
from apps.jobs.operating import cancel
from apps.jobs.operating.again import Again, NotEnded, run_again
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.origin import origin
from apps.jobs.states import ENDED, SLEEPING, State
from apps.lib.read_only_admin import Tool

MOST_AT_ONCE = 20_000  # what one request may take; the command takes any number


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done to jobs."""

    permission: str
    title: str
    button: str
    narrow: Callable[[JobFilter], JobFilter]  # to those it can be done to
    counted: str  # what those are, in a word
    do: Callable[[HttpRequest, JobFilter, str], str]  # what came of it, in a sentence


def _cancel(request: HttpRequest, chosen: JobFilter, reason: str) -> str:
    became = cancel.cancel(chosen, actor=request.user, reason=reason)
    return f"Cancelled: {became[State.CANCELLED]}. Asked to stop: {became[State.RUNNING]}."


def _retry(request: HttpRequest, chosen: JobFilter, reason: str) -> str:
    return f"Queued now: {cancel.retry_now(chosen, actor=request.user, reason=reason)}."


def _run_again(request: HttpRequest, chosen: JobFilter, reason: str) -> str:
    came: list[Again] = []
    refused: list[str] = []
    with origin(trigger="web"):
        for job in _ended(chosen).jobs().order_by("id"):
            try:
                came.append(run_again(job, actor=request.user, reason=reason))
            except (NotEnded, registry.UnknownKind, TypeError, ValueError) as error:
                refused.append(str(error))
    started = [again.id for again in came if again.is_new]
    there = [again.id for again in came if not again.is_new]
    said = f"New jobs: {len(started)}." + (f" The first is {started[0]}." if started else "")
    if there:
        said += f" Not started, because another job holds the unique key: {len(there)}. See {there[0]}."
    return said + (f" Not started: {len(refused)}. {refused[0]}" if refused else "")


def _ended(chosen: JobFilter) -> JobFilter:
    """Narrow a filter to what ended."""
    return cancel.only(chosen, ENDED)


def count(chosen: JobFilter) -> int:
    """Count what fits; more than one request may take is one more than that."""
    return chosen.jobs().order_by()[: MOST_AT_ONCE + 1].count()


def tools(request: HttpRequest, job: Job) -> list[Tool]:
    """Return links to what this person may do with one job in its state, and to the page that people see."""
    state = State(job.state)
    offered = {
        "cancel": ("Cancel…", not job.has_ended),
        "retry": ("Run now…", state in SLEEPING),
        "again": ("Run again…", state in ENDED),
    }
    found = [
        Tool(label, f"{reverse('admin:jobs_job_ask', args=[verb])}?ids={job.pk}")
        for verb, (label, is_possible) in offered.items()
        if is_possible and request.user.has_perm(VERBS[verb].permission)
    ]
    if state == State.DEAD and request.user.has_perm("jobs.replay_deadletter"):
        found.append(Tool("Replay…", f"{reverse('admin:jobs_deadletter_ask', args=['replay'])}?ids={job.pk}"))
    if request.user.has_perm("jobs.view_job") or job.owner_id == request.user.pk:
        found.append(Tool("Live page", reverse("job", args=[job.pk])))
    return found


VERBS = {
    "cancel": Verb(
        "jobs.cancel_job", "Cancel jobs", "Cancel jobs", cancel.cancellable, "can be cancelled", _cancel
    ),
    "retry": Verb(
        "jobs.retry_job",
        "Run scheduled jobs now",
        "Run now",
        cancel.sleeping,
        "scheduled or retrying",
        _retry,
    ),
    "again": Verb("jobs.retry_job", "Run jobs again", "Run again", _ended, "already finished", _run_again),
}
