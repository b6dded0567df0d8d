"""What happened to jobs, in the Django admin: attempts, log lines, what people did."""

import json
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from apps.jobs.admin import traceback_shown
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds import arguments
from apps.jobs.models import Action, Attempt, LogLine


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin[Attempt]):
    """Look at attempts that did not end well, newest first."""

    list_display = (
        "job_id",
        "number",
        "outcome",
        "worker_name",
        "ended_at",
        "error_type",
        "message",
    )
    ordering = ("-id",)
    fields = (*list_display, "started_at", "shown_traceback")
    readonly_fields = ("shown_traceback",)

    @admin.display(description="traceback")
    def shown_traceback(self, attempt: Attempt) -> SafeString:
        """Return where it failed."""
        return traceback_shown.drawn(attempt.traceback)


@admin.register(LogLine)
class LogLineAdmin(ReadOnlyAdmin[LogLine]):
    """Look at what jobs logged, newest first."""

    list_display = ("at", "level", "message", "job_id", "attempt")
    ordering = ("-id",)


@admin.register(Action)
class ActionAdmin(ReadOnlyAdmin[Action]):
    """Look at who did what to jobs, queues and dead letters, the last thing first."""

    list_display = ("at", "actor_name", "verb", "subject", "count", "reason")
    ordering = ("-id",)
    fields = ("at", "actor_name", "verb", "subject", "count", "reason", "shown_details")
    readonly_fields = ("shown_details",)
    id_field = "subject"
    search_help_text = "A complete job id, or a complete subject such as: queue default"

    @admin.display(description="details")
    def shown_details(self, entry: Action) -> str:
        """Return what else was kept, with secrets in arguments masked."""
        return json.dumps(arguments.masked(entry.details), ensure_ascii=False)

    def search_by_id(self, queryset: QuerySet[Action], job_id: UUID) -> QuerySet[Action]:
        """Find what was done to one job by name."""
        return queryset.filter(subject=f"job {job_id}")

    def search(self, queryset: QuerySet[Action], term: str) -> QuerySet[Action]:
        """Find by subject, through its index."""
        return queryset.filter(subject=term)
