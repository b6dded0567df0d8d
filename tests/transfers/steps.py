"""Hand a file in, let a job import it through the real ledger, look at what came of it."""

import io

from apps.jobs import Context, registry, transitions
from apps.jobs.models import DeadLetter, Job, Progress
from apps.jobs.running.run import run
from apps.jobs.states import State
from apps.shop.order_lines.importer import OrderLineImporter
from apps.transfers.imports import start_import
from apps.transfers.models import Import
from apps.transfers.run import run_import
from apps.transfers.uploads import store_upload
from tests.jobs.steps import a_worker, claimed

KIND = "imports.order_lines"


def handed_in(content: bytes | str, *, name: str = "orders.csv", encoding: str = "utf-8") -> Import:
    """Store a file and enqueue its import."""
    data = content.encode() if isinstance(content, str) else content
    upload = store_upload(io.BytesIO(data), name=name, owner=None)
    return start_import(upload, kind=KIND, encoding=encoding)


def work(started: Import) -> Job:
    """Let a worker run the job of an import to its end."""
    assert started.job_id
    run(registry.get(KIND), claimed(started.job_id, a_worker(queues=("imports",))))
    started.refresh_from_db()
    return Job.objects.get(id=started.job_id)


def imported(content: bytes | str, *, encoding: str = "utf-8") -> Import:
    """Import a file; it must succeed."""
    started = handed_in(content, encoding=encoding)
    job = work(started)
    assert job.state == State.SUCCEEDED, _why(job)
    assert not started.failed, started.message
    return started


def refused(content: bytes | str, *, encoding: str = "utf-8") -> str:
    """Import a file that cannot be read; return the sentence its sender gets."""
    started = handed_in(content, encoding=encoding)
    job = work(started)
    assert started.failed, "it was imported"
    assert job.state == State.SUCCEEDED, "a person's mistake is no dead job"
    assert not DeadLetter.objects.exists()
    assert job.attempt == 1, "it was tried again, in vain"
    assert job.result is not None
    assert started.message == job.result["failed"] == job.result["message"]
    return started.message


def context_of(started: Import) -> Context:
    """Claim the job of an import for a new worker; return what its function would be given."""
    assert started.job_id
    progress = Progress.objects.filter(pk=started.job_id).first()
    return Context(claimed(started.job_id, a_worker()), cursor=progress.cursor if progress else None)


def go_on(started: Import) -> None:
    """Let the import's job be rescued, and run to its end by the next worker."""
    workers = Job.objects.filter(id__in=[started.job_id]).values_list("worker_id", flat=True)
    transitions.rescue([worker for worker in workers if worker], max_deaths=3)
    run_import(context_of(started), started.pk, OrderLineImporter(), chunk_rows=50)


def _why(job: Job) -> str:
    return DeadLetter.objects.get(pk=job.pk).message
