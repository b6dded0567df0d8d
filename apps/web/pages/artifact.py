"""Send a file that a job left, to those it is for."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from apps.jobs.models import Artifact
from apps.jobs.running.artifacts import path_of
from apps.web.attachment import attachment, of_file
from apps.web.downloads_at_once import a_few_at_once
from apps.web.visible import job_or_404, may_open_artifacts


@login_required
@require_safe
@a_few_at_once
def artifact(request: HttpRequest, job_id: UUID) -> StreamingHttpResponse:
    """Send the file of this name."""
    job = job_or_404(request.user, job_id)
    name = request.GET.get("name", "")
    left = Artifact.objects.filter(job_id=job.pk, name=name).first() if "\0" not in name else None
    if left is None or not may_open_artifacts(request.user, job):
        raise Http404("No such file.")
    path = path_of(left)
    if not path.is_file():
        raise Http404("The file is no longer stored.")
    return attachment(of_file(path), left.name, size=left.bytes)
