"""What an import adds to its job's page: its file's name, its counts, its files, what stays when it stops."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from apps.jobs.models import Job
from apps.jobs.states import State
from apps.lib import words
from apps.transfers.models import Import
from apps.web.shown.about import About, plain
from apps.web.shown.verdict import FAILED_FILE, NOTHING_IMPORTED, Verdict

VERB = "Import"


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of the readout."""

    words: str
    number: int
    tone: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a job, with where to get it or why not."""

    name: str
    hint: str
    icon: str
    href: str = ""
    why_not: str = ""


def imports_of(jobs: Iterable[Job]) -> dict[UUID, Import]:
    """Find the imports that these jobs run."""
    ids = [job.pk for job in jobs if job.kind.startswith("imports.")]
    found = Import.objects.filter(job_id__in=ids).select_related("upload") if ids else Import.objects.none()
    return {run.job_id: run for run in found if run.job_id is not None}


def abouts(jobs: Sequence[Job]) -> dict[UUID, About]:
    """Describe jobs, each in the words of its feature."""
    runs = imports_of(jobs)
    return {job.pk: _about(job, runs[job.pk]) if job.pk in runs else plain(job) for job in jobs}


def verdict(job: Job, run: Import) -> Verdict | None:
    """Return how an import ended where "succeeded" would mislead."""
    if job.state != State.SUCCEEDED:
        return None
    if run.failed:
        return FAILED_FILE
    return NOTHING_IMPORTED if run.rejected and run.rejected == run.rows_read else None


def readout(run: Import, total: int | None) -> list[Entry]:
    """Return the numbers of an import."""
    entries = [
        Entry("Created", run.created),
        Entry("Updated", run.updated),
        Entry("Unchanged", run.unchanged),
        Entry("Rejected", run.rejected, "of-dead" if run.rejected else ""),
    ]
    if total is not None and run.finished_at is None:
        entries.append(Entry("Still to read, about", words.rounded(max(total - run.rows_read, 0)), "muted"))
    return entries


def files(run: Import, *, is_owner: bool, has_ended: bool) -> list[File]:
    """Return the files of an import; only their owner gets their contents."""
    return [_upload(run, is_owner=is_owner), _rejects(run, is_owner=is_owner, has_ended=has_ended)]


def _about(job: Job, run: Import) -> About:
    saved = run.rows_read - run.rejected
    return About(
        title=run.upload.name,
        verb=VERB,
        what="Import of order lines",
        unit="rows",
        guesses_total=run.finished_at is None,
        aside=f"{words.count(run.rejected)} rejected so far" if run.rejected else "",
        outcome=_outcome(job, run, saved),
        verdict=verdict(job, run),
        on_cancel=_on_cancel(job, saved),
    )


def _outcome(job: Job, run: Import, saved: int) -> str:
    if job.state == State.CANCELLED:
        stays = f"{_rows_are(saved)} saved and kept." if saved else "Nothing was saved."
        return f"{stays} The rest was not read."
    return run.message


def _on_cancel(job: Job, saved: int) -> str:
    if job.state != State.RUNNING and not saved:
        return "No rows have been read; none will be."
    return f"{_rows_are(saved)} saved and kept. The rest will not be read."


def _rows_are(number: int) -> str:
    return f"{words.count(number, 'row')} {'is' if number == 1 else 'are'}"


def _upload(run: Import, *, is_owner: bool) -> File:
    upload = run.upload
    hint = f"{words.size(upload.size)}, SHA-256 {upload.sha256[:4]}…{upload.sha256[-2:]}"
    if upload.deleted_at is not None:
        return File(upload.name, hint, "file", why_not="deleted")
    if not is_owner:
        return File(upload.name, hint, "file", why_not="only for its owner")
    until = timezone.localtime(upload.expires_at)
    hint = f"your file, {hint}, kept until {words.day_and_time(until, timezone.localtime())} {until:%Z}"
    return File(upload.name, hint, "file", href=reverse("upload", args=[run.job_id]))


def _rejects(run: Import, *, is_owner: bool, has_ended: bool) -> File:
    name, rows = "rejected.csv", words.count(run.rejected, "row")
    if not run.rejected:
        return File(name, "no rows rejected" if has_ended else "no rows so far", "table", why_not="empty")
    them = "it" if run.rejected == 1 else "them"
    hint = f"{rows}, correct {them} and upload the file" if has_ended else f"{rows} so far"
    if not is_owner:
        return File(name, hint, "table", why_not="only for its owner")
    return File(name, hint, "table", href=reverse("rejects", args=[run.job_id]))


def last_import(owner_id: int) -> str:
    """Say how big this person's last finished import was and how long it took."""
    run = Import.objects.filter(upload__owner_id=owner_id, finished_at__isnull=False).order_by("-pk").first()
    job = Job.objects.filter(pk=run.job_id, started_at__isnull=False).first() if run and run.job_id else None
    if run is None or job is None or job.started_at is None or run.finished_at is None:
        return ""
    return f"Last file: {words.count(run.rows_read, 'row')} in {words.span(run.finished_at - job.started_at)}"
