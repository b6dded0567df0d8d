"""`jobs show`: everything the ledger knows about one job, secrets masked."""

from argparse import ArgumentParser, Namespace
from uuid import UUID

from django.core.management.base import CommandError

from apps.jobs.kinds import arguments as job_arguments
from apps.jobs.models import Action, Artifact, Attempt, DeadLetter, Effect, Job, LogLine, Progress
from apps.jobs.operating.why import why_waiting
from apps.jobs.running.context import children_of
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, facts, table
from apps.jobs.states import WAITING
from apps.lib import redact

HELP = "Show one job: arguments, owner, times, attempts, last log lines and audit log."
_LOG_LINES = 20
_WHEN = ("enqueued_at", "run_after", "started_at", "finished_at", "cancel_requested_at", "expires_at")
_WHAT = (
    "queue",
    "priority",
    "tenant",
    "lane",
    "limit_key",
    "subject",
    "trigger",
    "tags",
    "request_id",
    "parent_id",
)
_HOW = (
    "schema_version",
    "attempt",
    "failures",
    "deaths",
    "max_attempts",
    "worker_pid",
    "fingerprint",
    "result",
)
_NAMES = (*_WHEN, *_WHAT, *_HOW)
_OF_AN_ATTEMPT = (
    "number",
    "outcome",
    "worker_name",
    "started_at",
    "ended_at",
    "error_type",
    "message",
    "traceback",
)
_OF_PROGRESS = ("done", "total", "note", "cursor", "updated_at")
_OF_AN_EFFECT = ("key", "started_at", "done_at")  # a receipt may hold what is nobody else's
_OF_A_LETTER = ("died_at", "message", "decision", "decided_at", "version")


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
        "waits": why_waiting(job.pk) if job.state in WAITING else None,
        "args": job_arguments.masked(job.args),
        "owner": job.owner.get_username() if job.owner else None,
        "worker": job.worker.name if job.worker else None,
    } | {
        name: None if name == "run_after" and job.waits_for_its_batch else redact.masked(getattr(job, name))
        for name in _NAMES
    }


def _story(job_id: UUID) -> dict[str, object]:
    of_it = {"job_id": job_id}
    attempts = Attempt.objects.filter(**of_it).order_by("id").values(*_OF_AN_ATTEMPT)
    logged = LogLine.objects.filter(**of_it).order_by("-id").values("at", "attempt", "level", "message")
    done = Action.objects.filter(subject=f"job {job_id}").values("at", "actor_name", "verb", "reason")
    return {
        "attempts": list(attempts),
        "progress": redact.masked(Progress.objects.filter(**of_it).values(*_OF_PROGRESS).first()),
        "children": children_of(job_id) or None,
        "artifacts": list(Artifact.objects.filter(**of_it).order_by("id").values("name", "bytes", "made_at")),
        "effects": list(Effect.objects.filter(**of_it).order_by("started_at").values(*_OF_AN_EFFECT)),
        "log": list(logged[:_LOG_LINES])[::-1],
        "dead_letter": DeadLetter.objects.filter(**of_it).values(*_OF_A_LETTER).first(),
        "actions": list(done.order_by("id")),
    }


def _text(data: dict[str, object]) -> str:
    parts = [
        facts((name, value) for name, value in data.items() if not isinstance(value, list) or name == "tags")
    ]
    for name in ("attempts", "artifacts", "effects", "log", "actions"):
        rows = data[name]
        if isinstance(rows, list) and rows:
            heads = [head for head in rows[0] if head != "traceback"]
            parts.append(f"{name}\n" + table(heads, ([row[head] for head in heads] for row in rows)))
    return "\n\n".join(parts)
