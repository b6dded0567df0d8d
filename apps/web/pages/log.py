"""All lines of a job's log, a page at a time."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from apps.jobs.models import LogLine
from apps.web.request import LoggedIn
from apps.web.shown.imports import abouts
from apps.web.shown.numbers import whole_number
from apps.web.shown.trouble import lines_for
from apps.web.visible import job_or_404

PAGE = 500


@login_required
def log(request: LoggedIn, job_id: UUID) -> HttpResponse:
    """Show the log of one job from a line on."""
    job = job_or_404(request.user, job_id)
    after = whole_number(request.GET.get("after", ""))
    about = abouts([job])[job.pk]
    every = LogLine.objects.filter(job_id=job_id)
    found = list(every.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
    lines = lines_for(found[:PAGE], request.user)
    context = {
        "job": job,
        "about": about,
        "title": about.title,
        "lines": lines,
        "count": every.count(),
        "after": after,
        "next_line": lines[-1].pk if len(found) > PAGE else None,
    }
    return render(request, "jobs/log_page.html", context)
