"""`jobs retry`: what sleeps runs now; a named one that ended runs again, a dead one as itself."""

from argparse import ArgumentParser, Namespace
from uuid import UUID

from django.core.management.base import CommandError

from apps.jobs import registry
from apps.jobs.models.job import Job
from apps.jobs.operating import cancel, replay
from apps.jobs.operating.again import run_again
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.origin import origin
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer
from apps.jobs.states import SLEEPING, State

HELP = (
    "Run scheduled jobs now: those named, or with --yes all that match a filter. "
    "Jobs that wait for their batch are left alone unless named. "
    "A named job that is dead is replayed; one that ended otherwise runs again as a new job."
)

_STAYS_DEAD = "stays failed: another job holds its unique key, or the key is unknown"


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("ids", nargs="*", type=shared.job_id, metavar="ID")
    shared.add_job_filter(parser)
    shared.add_going_ahead(parser, needs_reason=False)


def run(options: Namespace) -> Answer:
    """Run them, or count them first."""
    if options.ids:
        became = {str(job_id): _retry(job_id, options.reason) for job_id in options.ids}
        return Answer(
            {"jobs": became, "done": True}, "\n".join(f"{key}: {word}" for key, word in became.items())
        )
    chosen = shared.job_filter(options)
    shared.refuse_everything(chosen, JobFilter())
    if not options.yes:
        count = cancel.sleeping(chosen).jobs().count()
        return Answer(
            {"would_run_now": count, "done": False},
            f"{count} of {chosen} are scheduled or retrying. Nothing was changed. Add --yes to run them now.",
        )
    count = cancel.retry_now(chosen, actor=None, reason=options.reason)
    return Answer({"run_now": count, "done": True}, f"Queued now: {count}.")


def _retry(job_id: UUID, reason: str) -> str:
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise CommandError(f"No job has the id {job_id}. `manage.py jobs list` shows those there are.")
    if job.state in SLEEPING:
        woken = cancel.retry_now(JobFilter(ids=(job_id,)), actor=None, reason=reason)
        return "queued now" if woken else "already queued"
    if not job.has_ended:
        return f"{job.get_state_display()}: it runs anyway"
    try:
        if job.state == State.DEAD:
            started = replay.replay(Filter(ids=(job_id,)), actor=None, reason=reason or "retried at a shell")
            return f"replayed (replay {started.pk})" if not started.held else _STAYS_DEAD
        with origin(trigger="shell"):
            again = run_again(job, actor=None, reason=reason)
        return (
            f"runs again as {again.id}" if again.is_new else f"not started: {again.id} holds its unique key"
        )
    except (replay.NothingToReplay, registry.UnknownKind, TypeError, ValueError) as error:
        raise CommandError(str(error)) from error
