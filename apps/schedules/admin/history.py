"""The history of schedules in the Django admin: each moment with its job, and those that ask somebody."""

from collections.abc import Callable, Iterable
from typing import ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.lib import words
from apps.schedules import inbox
from apps.schedules.models.moment import Moment
from apps.schedules.start import REFUSALS, reason_of


class UndecidedFilter(admin.SimpleListFilter):
    """Find the few moments that nothing came of yet, through their index."""

    title = "open"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: object) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # Django's signature
        """Return the choices."""
        return [
            (Moment.Outcome.ASKED, "Missed, to decide"),
            (Moment.Outcome.WAITS, "Waiting for the previous run"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Moment]) -> QuerySet[Moment]:  # noqa: ARG002
        """Keep the chosen ones."""
        return queryset.filter(outcome=self.value()) if self.value() else queryset


@admin.register(Moment)
class MomentAdmin(ReadOnlyAdmin[Moment]):
    """Look at what came of each moment, the last to be taken first; run or decline those that were missed."""

    list_display = ("at", "name", "came_of_it", "job", "missed_since", "fired_at", "beat")
    list_filter = (UndecidedFilter,)
    ordering = ("-id",)
    actions = ("run_selected", "decline_selected")
    search_help_text = "The complete name of a schedule"
    fields: ClassVar = (*list_display,)
    readonly_fields = ("name", "came_of_it", "job")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Moment]:
        """Read each schedule's name along; a deleted one has none."""
        names = PeriodicTask.objects.filter(pk=OuterRef("schedule_id")).values("name")[:1]
        return super().get_queryset(request).annotate(schedule_name=Subquery(names))

    def search_by_id(self, queryset: QuerySet[Moment], job_id: UUID) -> QuerySet[Moment]:  # noqa: ARG002
        """Find nothing: a job names its schedule, and moments have no index of jobs."""
        return queryset.none()

    def search(self, queryset: QuerySet[Moment], term: str) -> QuerySet[Moment]:
        """Find the moments of a schedule."""
        found = list(PeriodicTask.objects.filter(name=term).values_list("pk", flat=True))
        return queryset.filter(schedule_id__in=found)

    @admin.display(description="schedule")
    def name(self, moment: Moment) -> str | SafeString:
        """Return the schedule, with a link while there is one."""
        name = getattr(moment, "schedule_name", None)
        if name is None:
            return f"{moment.schedule_id}, deleted"
        url = reverse("admin:django_celery_beat_periodictask_change", args=[moment.schedule_id])
        return format_html('<a href="{}">{}</a>', url, name)

    @admin.display(description="result")
    def came_of_it(self, moment: Moment) -> str:
        """Return the outcome in words."""
        return str(Moment.Outcome(moment.outcome).label)

    def job(self, moment: Moment) -> str | SafeString:
        """Return a link to the job."""
        if moment.job_id is None:
            return ""
        return format_html('<a href="{}">{}</a>', _page_of(moment.job_id), str(moment.job_id)[-12:])

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Allow decisions to those who may run schedules."""
        return request.user.has_perm("schedules.run_schedule")

    @admin.action(description="Start selected missed runs", permissions=["decide"])
    def run_selected(self, request: HttpRequest, queryset: QuerySet[Moment]) -> None:
        """Start their jobs, in the name of the person who asks."""
        self._decide(request, queryset, "run", lambda ids: inbox.run(ids, owner_id=request.user.pk))

    @admin.action(description="Decline selected missed runs", permissions=["decide"])
    def decline_selected(self, request: HttpRequest, queryset: QuerySet[Moment]) -> None:
        """Let them pass."""
        self._decide(request, queryset, "declined", inbox.decline)

    def _decide(
        self, request: HttpRequest, chosen: QuerySet[Moment], verb: str, decide: Callable[[list[int]], int]
    ) -> None:
        ids = list(chosen.values_list("pk", flat=True))
        try:
            count = decide(ids)
        except REFUSALS as error:
            self.message_user(request, f"Nothing was {verb}: {reason_of(error)}", messages.ERROR)
            return
        rest = f" {len(ids) - count} needed no decision." if count < len(ids) else ""
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{words.sentence_case(verb)}: {count}.{rest}", level)


def _page_of(job_id: UUID) -> str:
    return reverse("admin:jobs_job_change", args=[job_id])
