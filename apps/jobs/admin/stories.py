"""What happened to jobs, in the Django admin: attempts, log lines, dead letters."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet

from apps.jobs.admin.filters import AgeFilter, KindFilter
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.models import Attempt, DeadLetter, LogLine


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


@admin.register(LogLine)
class LogLineAdmin(ReadOnlyAdmin[LogLine]):
    """Look at what jobs logged, newest first."""

    list_display = ("at", "level", "message", "job_id", "attempt")
    ordering = ("-id",)


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin[DeadLetter]):
    """Look at jobs that will not be tried again by themselves."""

    list_display = ("job_id", "kind", "fingerprint", "died_at", "message")
    list_filter = (AgeFilter, KindFilter)
    ordering: ClassVar = ("-job_id",)
    search_help_text = "The id of a job, or a whole fingerprint"

    def search(self, queryset: QuerySet[DeadLetter], term: str) -> QuerySet[DeadLetter]:
        """Find by fingerprint, through its index."""
        return queryset.filter(fingerprint=term)
