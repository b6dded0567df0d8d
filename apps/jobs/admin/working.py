"""What keeps jobs moving, in the Django admin: workers, the keeper's duties, the broker's window."""

from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet

from apps.jobs.admin.filters import KindFilter
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.models import Bundle, Duty, Job, Worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin[Worker]):
    """Look at workers, the last to start first; a stopped one has an end."""

    list_display = (
        "name",
        "pid",
        "queues",
        "concurrency",
        "started_at",
        "heartbeat_at",
        "stopped_at",
        "version",
    )
    search_help_text = "The id of a job that last ran on the worker"

    def search_by_id(self, queryset: QuerySet[Worker], job_id: UUID) -> QuerySet[Worker]:
        """Find the worker that took a job last."""
        return queryset.filter(pk__in=Job.objects.filter(pk=job_id).values("worker_id"))


@admin.register(Duty)
class DutyAdmin(ReadOnlyAdmin[Duty]):
    """Look at when the keeper last did what."""

    list_display = ("name", "keeper", "ran_at", "took", "did", "error")
    search_fields: ClassVar = ()
    id_field = ""

    @admin.display(description="took ms", ordering="took_ms")
    def took(self, duty: Duty) -> float:
        """Return how long it took, as far as anybody reads it."""
        return round(duty.took_ms, 1)


@admin.register(Bundle)
class BundleAdmin(ReadOnlyAdmin[Bundle]):
    """Look at the messages that the broker or a worker holds now."""

    list_display = ("id", "queue", "kind", "published_at", "tries", "ids")
    list_filter = (KindFilter,)
    ordering: ClassVar = ("-published_at",)

    def search_by_id(self, queryset: QuerySet[Bundle], job_id: UUID) -> QuerySet[Bundle]:
        """Find the bundle that carries a job; the window is small."""
        return queryset.filter(ids__contains=[job_id])
