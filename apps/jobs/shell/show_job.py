"""`jobs show`: everything the ledger knows about one job, secrets masked."""

from argparse import ArgumentParser, Namespace
from uuid import UUID

from django.core.management.base import CommandError

from apps.jobs.kinds import arguments as job_arguments
from apps.jobs.models import Action, Attempt, DeadLetter, Job, LogLine, Progress
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, facts, table

HELP = "Show one job: what, who, when, its attempts, its last log lines and what people did to it."
_LOG_LINES = 20
_WHEN = ("enqueued_at", "run_after", "started_at", "finished_at", "cancel_requested_at", "expires_at")
_WHAT = ("queue", "priority", "tenant", "subject", "trigger", "tags", "request_id", "parent_id")
_HOW = ("attempt", "failures", "deaths", "max_attempts", "worker_pid", "fingerprint", "result")
_NAMES = (*_WHEN, *_WHAT, *_HOW)


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("id", type=shared.job_id)


def run(options: Namespace) -> Answer:
    """Show it."""
    job = Job.objects.select_related("owner", "worker").filter(pk=options.id).first()
    if job is None:
        raise CommandError(f"No job has the id {options.id}. `manage.py jobs list` shows those there are.")
    data = _facts(job) | _story(job.pk)
    return Answer(data, _text(data))


def _facts(job: Job) -> dict[str, object]:
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.get_state_display(),
        "args": job_arguments.masked(job.args),
        "owner": job.owner.get_username() if job.owner else None,
        "worker": job.worker.name if job.worker else None,
    } | {
        name: None if name == "run_after" and job.waits_for_its_batch else getattr(job, name)
        for name in _NAMES
    }


def _story(job_id: UUID) -> dict[str, object]:
    of_it = {"job_id": job_id}
    logged = (
        LogLine.objects.filter(**of_it)
        .order_by("-id")
        .values("at", "attempt", "level", "message")[:_LOG_LINES]
    )
    words = (
        "number",
        "outcome",
        "worker_name",
        "started_at",
        "ended_at",
        "error_type",
        "message",
        "traceback",
    )
    letter = DeadLetter.objects.filter(**of_it).values(
        "died_at", "message", "decision", "decided_at", "version"
    )
    progress = Progress.objects.filter(**of_it).values("done", "total", "note", "cursor", "updated_at")
    done = Action.objects.filter(subject=f"job {job_id}").values("at", "actor_name", "verb", "reason")
    return {
        "attempts": list(Attempt.objects.filter(**of_it).order_by("id").values(*words)),
        "progress": progress.first(),
        "log": list(logged)[::-1],
        "dead_letter": letter.first(),
        "actions": list(done.order_by("id")),
    }


def _text(data: dict[str, object]) -> str:
    parts = [
        facts((name, value) for name, value in data.items() if not isinstance(value, list) or name == "tags")
    ]
    for name in ("attempts", "log", "actions"):
        rows = data[name]
        if isinstance(rows, list) and rows:
            heads = [head for head in rows[0] if head != "traceback"]
            parts.append(f"{name}\n" + table(heads, ([row[head] for head in heads] for row in rows)))
    return "\n\n".join(parts)
