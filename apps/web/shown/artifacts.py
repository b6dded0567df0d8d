"""The files that a job left for people, on its page."""

from urllib.parse import urlencode

from django.urls import reverse

from apps.jobs.models import Artifact, Job
from apps.lib import words
from apps.web.shown.imports import File

_TABLES = (".csv", ".xlsx")


def artifact_files(job: Job, *, may_open: bool) -> list[File]:
    """Return what a job left, each with where to get it or why not."""
    return [_file(artifact, may_open=may_open) for artifact in Artifact.objects.filter(job_id=job.pk)]


def _file(artifact: Artifact, *, may_open: bool) -> File:
    icon = "table" if artifact.name.lower().endswith(_TABLES) else "file"
    hint = words.size(artifact.bytes)
    if not may_open:
        return File(artifact.name, hint, icon, why_not="no permission")
    address = f"{reverse('artifact', args=[artifact.job_id])}?{urlencode({'name': artifact.name})}"
    return File(artifact.name, hint, icon, href=address)
