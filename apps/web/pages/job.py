"""The page of one job, of whatever kind."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.web.parts import draw
from apps.web.request import LoggedIn
from apps.web.shown.page import JobPage
from apps.web.visible import job_or_404


@login_required
def job(request: LoggedIn, job_id: UUID) -> HttpResponse:
    """Show one job."""
    page = JobPage(job_or_404(request.user, job_id), request.user, request.GET.dict())
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    live = not page.job.has_ended
    context = {
        "page": page,
        "parts": draw(page),
        "live_url": reverse("live_job", args=[job_id]) + query if live else "",
        "poll_url": reverse("poll_job", args=[job_id]) + query if live else "",
    }
    return render(request, "jobs/job.html", context)
