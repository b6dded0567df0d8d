"""Live pages: the stream of one job or of my jobs, and the same by asking now and then.

A stream outlives its request: each frame is drawn for the current user of the session.
"""

from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.accounts.sessions import user_of_session
from apps.web.at_once import AtOnce, too_many
from apps.web.live.frame import Frame
from apps.web.live.marks import Mark, Topic
from apps.web.live.stream import event_stream
from apps.web.live.thread import let_go
from apps.web.pages.home import lead, my_jobs
from apps.web.parts import draw, stale
from apps.web.shown.page import JobPage
from apps.web.visible import job_or_404, visible_to

_streams = AtOnce()
_TOO_MANY = "You have too many live pages open. Close some of them."
_GONE = "gone"  # the step by which the browser knows that it may not look any more
_LOGGED_OUT = 401  # the page tells the person; a redirect would only be followed


async def live_job(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Stream the parts of a job's page as they change."""
    user = await _viewer(request)
    if user is None:
        return HttpResponse(status=_LOGGED_OUT)
    await sync_to_async(job_or_404)(user, job_id)
    query, session = request.GET.dict(), request.session.session_key
    await sync_to_async(let_go)()  # the stream reads through the live thread's connection

    def draw_job(seen: Mark | None, mark: Mark) -> Frame:
        viewer = user_of_session(session)
        if viewer is None:
            return _end_of_view("You are logged out. Load the page again to log in.")
        job = visible_to(viewer).filter(pk=job_id).select_related("worker", "owner").first()
        if job is None:
            return _end_of_view("You can no longer see this job.")
        with timezone.override(viewer.zone):
            return job_frame(JobPage(job, viewer, query), stale(seen, mark, job))

    stream = event_stream(Topic(job_id=job_id), draw_job, shown=query.get("mark", ""))
    return _held(request, user, stream)


async def live_jobs(request: HttpRequest) -> HttpResponseBase:
    """Stream the list of my jobs as it changes."""
    user = await _viewer(request)
    if user is None:
        return HttpResponse(status=_LOGGED_OUT)
    await sync_to_async(let_go)()
    session = request.session.session_key

    def draw_jobs(_seen: Mark | None, _mark: Mark) -> Frame:
        viewer = user_of_session(session)
        if viewer is None or viewer.pk != user.pk:
            return _end_of_view("You are logged out. Load the page again to log in.")
        with timezone.override(viewer.zone):
            return jobs_frame(viewer)

    shown = request.GET.get("mark", "")
    return _held(request, user, event_stream(Topic(owner_id=user.pk), draw_jobs, shown=shown))


@require_safe
def poll_job(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Answer with the whole frame of a job's page, or with 204 when the asker has it."""
    if not isinstance(request.user, User):
        return HttpResponse(status=_LOGGED_OUT)
    page = JobPage(job_or_404(request.user, job_id), request.user, request.GET.dict())
    return _answer(request, job_frame(page))


@require_safe
def poll_jobs(request: HttpRequest) -> HttpResponse:
    """Answer with the whole frame of my jobs, or with 204 when the asker has it."""
    if not isinstance(request.user, User):
        return HttpResponse(status=_LOGGED_OUT)
    return _answer(request, jobs_frame(request.user))


def job_frame(page: JobPage, names: list[str] | None = None) -> Frame:
    """Draw the named parts of a job's page."""
    return Frame(draw(page, names), page.title, page.step, page.said, ended=page.job.has_ended)


def jobs_frame(user: User) -> Frame:
    """Draw the list of a person's jobs."""
    mine = my_jobs(user)
    sentence = lead(mine.rows)
    parts = {"jobs": render_to_string("home/jobs.html", {"rows": mine.rows}), "lead": sentence}
    return Frame(parts, "Home", sentence, sentence, ended=False)


def _held(request: HttpRequest, user: User, stream: HttpResponseBase) -> HttpResponseBase:
    held = _streams.held(request, user.pk, settings.BACKLINE_STREAMS_AT_ONCE, stream)
    return too_many(_TOO_MANY) if held is None else held


def _end_of_view(sentence: str) -> Frame:
    return Frame({}, "", _GONE, sentence, ended=True)


def _answer(request: HttpRequest, frame: Frame) -> HttpResponse:
    if request.GET.get("seen") == frame.version:
        response = HttpResponse(status=204)
    else:
        response = HttpResponse(frame.to_json(), content_type="application/json")
        response["X-Version"] = frame.version
    response["Cache-Control"] = "no-store"
    return response


async def _viewer(request: HttpRequest) -> User | None:
    user = await request.auser()
    return user if isinstance(user, User) else None
