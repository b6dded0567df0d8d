"""The live parts of a job's page: which template draws each, and what makes it stale."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.jobs.models import Job
from apps.web.live.marks import Mark
from apps.web.shown.page import JobPage

TEMPLATES = {
    "head": "jobs/head.html",
    "progress": "jobs/progress.html",
    "rejected": "jobs/rejected.html",
    "life": "jobs/life.html",
    "attempts": "jobs/attempts.html",
    "files": "jobs/files.html",
    "result": "jobs/result.html",
    "log": "jobs/log.html",
}


def draw(page: JobPage, names: list[str] | None = None) -> dict[str, str]:
    """Render the named parts of a job's page, all of them by default."""
    return {
        name: SafeString(render_to_string(TEMPLATES[name], {"page": page}).strip())  # a template's output
        for name in names or TEMPLATES
    }


def stale(seen: Mark | None, mark: Mark, job: Job) -> list[str]:
    """Return the parts that a change between two marks makes stale; all of them at first and at the end.

    The job is read after the mark: where it moved in between, every part that it drew before is stale.
    """
    if seen is None or not seen.jobs or not mark.jobs or job.has_ended:
        return list(TEMPLATES)
    before, after = seen.jobs[0], mark.jobs[0]
    if after[:4] != (job.pk, job.state, job.attempt, job.cancel_requested_at):
        return list(TEMPLATES)
    moved = before[:4] != after[:4]  # state, attempt, cancel request
    if moved:
        return list(TEMPLATES)
    names = ["head", "progress"]  # they also tell the time
    if before.rejected != after.rejected:
        names += ["rejected", "files"]
    if before.last_line != after.last_line:
        names.append("log")
    return names
