"""The page of one job, of whatever kind."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.web.live.marks import Topic, version_of
from apps.web.parts import draw
from apps.web.request import LoggedIn
from apps.web.shown.page import JobPage
from apps.web.visible import job_or_404


@login_required
def job(request: LoggedIn, job_id: UUID) -> HttpResponse:
    """Show one job."""
    mark = version_of(Topic(job_id=job_id))
    page = JobPage(job_or_404(request.user, job_id), request.user, request.GET.dict())
    context = {"page": page, "parts": draw(page), "live_step": page.step}
    if not page.is_settled:
        query = urlencode(request.GET.dict() | {"mark": mark})
        context["live_url"] = f"{reverse('live_job', args=[job_id])}?{query}"
        context["poll_url"] = f"{reverse('poll_job', args=[job_id])}?{query}"
    return render(request, "jobs/job.html", context)
