"""Replays in the Django admin: who replayed what, how it goes, and a way to stop it."""

from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.jobs.admin import ask
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds import arguments
from apps.jobs.models import Replay, Replayed
from apps.jobs.operating import replay

_LONGEST_ARGUMENTS = 10_000
_MOST_JOBS = 100


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin[Replay]):
    """Look at replays, the last one first; stop one that is under way."""

    list_display = (
        "id",
        "asked_at",
        "actor_name",
        "stage",
        "total",
        "sent",
        "ended_well",
        "died_again",
        "reason",
    )
    list_filter = ("stage",)
    ordering: ClassVar = ("-id",)
    search_help_text = "The complete id of a replayed job"
    fields = (
        ("asked_at", "actor_name", "stage"),
        "reason",
        "filter",
        "shown_args",
        ("canary", "per_minute", "stop_at_percent"),
        ("total", "sent", "ended_well", "died_again", "skipped", "held"),
        ("stopped_because", "ended_at"),
        "its_jobs",
        "stop_it",
    )
    readonly_fields = ("shown_args", "its_jobs", "stop_it")

    def search_by_id(self, queryset: QuerySet[Replay], job_id: UUID) -> QuerySet[Replay]:
        """Find the replays of a job."""
        return queryset.filter(pk__in=Replayed.objects.filter(job_id=job_id).values("replay_id"))

    @admin.display(description="edited arguments")
    def shown_args(self, record: Replay) -> str:
        """Return the arguments it was replayed with, secrets masked."""
        return arguments.shown(record.edited_args or {}, _LONGEST_ARGUMENTS)

    @admin.display(description="jobs")
    def its_jobs(self, record: Replay) -> SafeString:
        """Return links to its first jobs, each with what became of it."""
        rows = [
            (reverse("admin:jobs_job_change", args=[one.job_id]), one.job_id, one.get_became_display())
            for one in record.jobs.order_by("job_id")[:_MOST_JOBS]
        ]
        return format_html_join("", '<div><a href="{}">{}</a>: {}</div>', rows)

    @admin.display(description="stop")
    def stop_it(self, record: Replay) -> SafeString | str:
        """Return the link to stop it while it is under way."""
        if record.stage != Replay.Stage.GOING:
            return "Ended."
        return format_html('<a href="{}">Stop it…</a>', reverse("admin:jobs_replay_stop", args=[record.pk]))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks."""
        asks = path("<int:pk>/stop/", self.admin_site.admin_view(self.ask), name="jobs_replay_stop")
        return [asks, *super().get_urls()]

    def ask(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, stop it and say what is left."""
        ask.check(request, "jobs.replay_deadletter")
        record = Replay.objects.filter(pk=pk).first()
        if record is None:
            raise Http404("There is no such replay.")
        form = ask.ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                stopped = replay.stop(pk, actor=request.user, reason=form.cleaned_data["reason"])
            except replay.NotGoing as error:
                form.add_error(None, str(error))
            else:
                self.message_user(request, f"Stopped. {stopped.total - stopped.sent} were not replayed.")
                return HttpResponseRedirect(reverse("admin:jobs_replay_changelist"))
        question = ask.Question(
            title=f"Stop replay {pk}",
            what="Jobs already queued again run; the others stay failed and can be replayed later.",
            counts={"queued again": record.sent, "not replayed": record.total - record.sent},
            form=form,
            button="Stop replay",
            is_pointless=record.stage != Replay.Stage.GOING,
        )
        return ask.page(request, self, question)
