"""Alerts of schedules in the Django admin: what did not run on time."""

from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.schedules.models.alert import Alert


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Look at what is wrong now, and at what was."""

    list_display = ("opened_at", "closed_at", "schedule_link", "reason")
    list_filter: ClassVar = [("closed_at", admin.EmptyFieldListFilter)]
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
