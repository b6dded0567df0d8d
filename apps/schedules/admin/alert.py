"""Alerts of schedules in the Django admin: what did not run on time."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.schedules.models.alert import Alert


class OpenFilter(admin.SimpleListFilter):
    """Find alerts by whether they are still open."""

    title = "state"
    parameter_name = "closed_at__isempty"

    def lookups(self, request: HttpRequest, model_admin: object) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # Django's signature
        """Return the choices."""
        return [("1", "Open"), ("0", "Closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:  # noqa: ARG002
        """Keep the chosen ones."""
        return queryset.filter(closed_at__isnull=self.value() == "1") if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Look at what is wrong now, and at what was."""

    list_display = ("opened_at", "closed_at", "schedule_link", "reason")
    list_filter: ClassVar = [OpenFilter]
    ordering = ("-id",)
    search_help_text = "The complete name of a schedule"
    fields: ClassVar = (*list_display,)
    readonly_fields = ("schedule_link",)

    def search_by_id(self, queryset: QuerySet[Alert], job_id: UUID) -> QuerySet[Alert]:  # noqa: ARG002
        """Find nothing: alerts know no jobs."""
        return queryset.none()

    def search(self, queryset: QuerySet[Alert], term: str) -> QuerySet[Alert]:
        """Find the alerts of a schedule."""
        return queryset.filter(name=term)

    @admin.display(description="schedule")
    def schedule_link(self, alert: Alert) -> SafeString:
        """Return the schedule's name with a link."""
        url = reverse("admin:django_celery_beat_periodictask_change", args=[alert.schedule_id])
        return format_html('<a href="{}">{}</a>', url, alert.name)
