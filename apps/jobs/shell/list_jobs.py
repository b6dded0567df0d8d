"""`jobs list`: jobs that fit, the newest first."""

from argparse import ArgumentParser, Namespace

from apps.jobs.models.job import Job
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, table

HELP = "List jobs that fit all that is given, the newest first."
_HEADS = ("id", "kind", "state", "queue", "enqueued", "subject")


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    shared.add_job_filter(parser)
    parser.add_argument("--limit", type=shared.how_many, default=20, help="how many at most (20)")


def run(options: Namespace) -> Answer:
    """List them."""
    jobs = list(shared.job_filter(options).jobs().order_by("-id")[: options.limit])
    rows = (
        (job.pk, job.kind, job.get_state_display(), job.queue, job.enqueued_at, job.subject) for job in jobs
    )
    text = table(_HEADS, rows) if jobs else "No job matches."
    return Answer({"jobs": [_brief(job) for job in jobs]}, text)


def _brief(job: Job) -> dict[str, object]:
    return {
        "id": job.pk,
        "kind": job.kind,
        "state": job.get_state_display(),
        "queue": job.queue,
        "tenant": job.tenant,
        "subject": job.subject,
        "enqueued_at": job.enqueued_at,
        "run_after": None if job.waits_for_its_batch else job.run_after,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "fingerprint": job.fingerprint,
    }
