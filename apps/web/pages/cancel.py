"""Cancel a job: a page that asks first, and the form that does it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.jobs import transitions
from apps.jobs.states import State
from apps.web.request import LoggedIn
from apps.web.shown.rows import job_rows
from apps.web.shown.state_words import state_word
from apps.web.visible import check_may_cancel, job_or_404

_ALREADY_ENDED = "The job had already ended: {}. Nothing was changed."
_WILL_STOP = "Stop requested. The job stops at its next safe point; saved work is kept."
_STOPPED = "Cancelled. The job had not started."
_STOPPED_WAITING = "Cancelled. The job will not run again."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: LoggedIn, job_id: UUID) -> HttpResponse:
    """Ask whether to cancel a job; do it when the form comes back.  Twice is as good as once."""
    job = job_or_404(request.user, job_id)
    check_may_cancel(request.user, job)
    if request.method == "POST":
        state = transitions.cancel(job_id)
        job.refresh_from_db()
        if state is None:
            messages.info(request, _ALREADY_ENDED.format(state_word(job.state)))
        elif state == State.RUNNING:
            messages.success(request, _WILL_STOP)
        else:
            messages.success(request, _STOPPED_WAITING if job.attempt else _STOPPED)
        return redirect("job", job_id)
    if job.has_ended:
        messages.info(request, _ALREADY_ENDED.format(state_word(job.state)))
        return redirect("job", job_id)
    [row] = job_rows([job], request.user)
    is_running = job.state == State.RUNNING
    sentence = row.about.on_cancel or _consequence(is_running)
    return render(request, "jobs/cancel.html", {"row": row, "sentence": sentence, "is_running": is_running})


def _consequence(is_running: bool) -> str:
    if is_running:
        return "The job stops at its next safe point. Saved work is kept; the rest is not done."
    return "The job will not run. Work it saved earlier is kept."
