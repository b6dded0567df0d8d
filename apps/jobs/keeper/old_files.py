"""Remove the files of jobs that the ledger has forgotten, with what their killed processes left half-done."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.conf import settings

from apps.jobs.keeper import old_weeks
from apps.jobs.models.job import Job
from apps.lib.ids import first_id_of

_AT_ONCE = 500  # folders, about which the ledger is asked together


def remove_old_files() -> Iterator[int]:
    """Remove folders whose job is forgotten, some at a time; tell how many each time.

    Only those of jobs that are as old as the ledger forgets any: a young job's may not be committed yet.
    While a week is out of the job table, nobody knows which are forgotten.
    """
    days = settings.BACKLINE_JOB_DAYS
    if days == 0:
        return
    before = datetime.now(UTC) - timedelta(days=days)
    old = (job_id for job_id in _jobs_with_files() if job_id < first_id_of(before))
    while some := list(islice(old, _AT_ONCE)):
        if not all(week.is_attached for week in old_weeks.weeks()):
            return
        known = set(Job.objects.filter(pk__in=some).values_list("pk", flat=True))
        folders = [
            Path(settings.BACKLINE_ARTIFACTS_DIR) / str(job_id) for job_id in some if job_id not in known
        ]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        yield sum(not folder.exists() for folder in folders)


def _jobs_with_files() -> Iterator[UUID]:
    directory = Path(settings.BACKLINE_ARTIFACTS_DIR)
    if not directory.is_dir():
        return
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and (job_id := _id_of(entry.name)) is not None:
                yield job_id


def _id_of(name: str) -> UUID | None:
    """Return the job whose folder is called so; None for what is none of ours."""
    try:
        job_id = UUID(name)
    except ValueError:
        return None
    return job_id if job_id.version == 7 and str(job_id) == name else None
