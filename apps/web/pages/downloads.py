"""The files of a job, for its owner."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.views.decorators.http import require_safe

from apps.transfers.models import Import
from apps.transfers.rejects import as_csv
from apps.web.attachment import attachment, of_file, of_lines
from apps.web.downloads_at_once import a_few_at_once
from apps.web.request import LoggedIn
from apps.web.visible import owned_or_404


@login_required
@require_safe
@a_few_at_once
def upload(request: LoggedIn, job_id: UUID) -> StreamingHttpResponse:
    """Send back the file that was handed in."""
    stored = _import_of(request, job_id).upload
    if not stored.path.is_file():
        raise Http404("The file is no longer stored.")
    return attachment(of_file(stored.path), stored.name, size=stored.size)


@login_required
@require_safe
@a_few_at_once
def rejects(request: LoggedIn, job_id: UUID) -> StreamingHttpResponse:
    """Send the rejected rows as CSV, ready to be mended and sent again."""
    run = _import_of(request, job_id)
    return attachment(of_lines(as_csv(run)), f"rejected-{_stem(run.upload.name)}.csv")


def _import_of(request: LoggedIn, job_id: UUID) -> Import:
    job = owned_or_404(request.user, job_id)
    run = Import.objects.filter(job_id=job.pk).select_related("upload").first()
    if run is None:
        raise Http404("This job has no files.")
    return run


def _stem(name: str) -> str:
    for ending in (".gz", ".xz", ".csv"):
        name = name.removesuffix(ending)
    return name
