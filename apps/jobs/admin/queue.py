"""Queues and kinds in the Django admin: how they stand, what they did; pause and resume them."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from apps.jobs import registry
from apps.jobs.admin import ask
from apps.jobs.admin.last_hour import drawn
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds.spans import moment
from apps.jobs.models import Pause, Queue
from apps.jobs.operating import alerts, not_started, pause, queues, throughput
from apps.jobs.operating.not_started import Cause, Standing
from apps.lib import words
from apps.lib.zoned import name_zone

_MAY_PAUSE = "jobs.pause_queue"


_TOO_FAR = "This time is more than a hundred years away. Enter an earlier one, or leave it empty."


class PauseForm(ask.ReasonForm):
    """Why, and until when."""

    until = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: until someone resumes it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_zone(self)

    def clean_until(self) -> datetime | None:
        """Refuse a time that has passed or is too far."""
        until: datetime | None = self.cleaned_data["until"]
        if until is None:
            return None
        if until <= timezone.now():
            raise forms.ValidationError("This time has passed. Enter a later one, or leave it empty.")
        try:
            return moment("until", until)
        except ValueError:
            raise forms.ValidationError(_TOO_FAR) from None


@admin.register(Queue)
class QueueAdmin(ReadOnlyAdmin[Queue]):
    """Look at every queue and kind; pause and resume them."""

    def has_view_permission(self, request: HttpRequest, obj: Queue | None = None) -> bool:  # noqa: ARG002
        """Allow looking to those who may see pauses."""
        return request.user.has_perm("jobs.view_pause")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show queues and kinds instead of rows of pauses."""
        if not self.has_view_permission(request):
            raise PermissionDenied("This needs the permission jobs.view_pause.")
        rows = pause.paused().filter(scope=Pause.Scope.KIND)
        paused = {name: row for row in rows for name in registry.names_of(row.name)}
        hours = throughput.last_hour()
        standing = not_started.look()
        kinds = [
            (kind, task.job_queue, paused.get(kind), drawn(hours.get(kind)))
            for kind, task in sorted(registry.kinds().items())
        ]
        context = self.admin_site.each_context(request) | {
            "title": "Queues and kinds",
            "opts": self.opts,
            "causes": _causes(standing),
            "queues": queues.queues(standing),
            "kinds": kinds,
            "most": not_started.MOST_COUNTED,
            "may_pause": request.user.has_perm(_MAY_PAUSE),
        }
        return TemplateResponse(request, "admin/jobs/queues.html", context | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that ask."""
        asks = path("ask/<slug:verb>/", self.admin_site.admin_view(self.ask), name="jobs_queue_ask")
        return [asks, *super().get_urls()]

    def ask(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Ask why and until when, do it and say what came of it."""
        ask.check(request, _MAY_PAUSE)
        scope, name = request.GET.get("scope", ""), request.GET.get("name", "")
        if verb not in ("pause", "resume") or scope not in Pause.Scope.values or not name:
            raise Http404("There is no such queue or kind.")
        form = (PauseForm if verb == "pause" else ask.ReasonForm)(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                self.message_user(request, _do(request, verb, (scope, name), form.cleaned_data))
            except registry.UnknownKind as error:
                form.add_error(None, str(error))
            else:
                return HttpResponseRedirect(reverse("admin:jobs_queue_changelist"))
        pauses = "No new jobs will start. Running jobs finish."
        question = ask.Question(
            title=f"{words.sentence_case(verb)} {scope} {name}",
            what=pauses if verb == "pause" else "Waiting jobs start again, in their order.",
            form=form,
            button=words.sentence_case(verb),
        )
        return ask.page(request, self, question)


def _do(request: HttpRequest, verb: str, what: tuple[str, str], given: dict[str, Any]) -> str:
    scope, name = what
    named = f"{words.sentence_case(scope)} {name}"
    if verb == "pause":
        pause.pause(scope, name, until=given["until"], reason=given["reason"], by=request.user)
        return f"{named} paused."
    was_paused = pause.resume(scope, name, reason=given["reason"], by=request.user)
    return f"{named} resumed." if was_paused else f"{named} was not paused."


def _causes(standing: Standing) -> list[Cause]:
    """Return why jobs of a queue do not start, as of now, and what the keeper found wrong beside."""
    general = [cause for cause in alerts.current() if not cause.queue]
    return [*general, *standing.causes]
