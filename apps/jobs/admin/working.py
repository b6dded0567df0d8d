"""What keeps jobs moving, in the Django admin: workers, the keeper's duties, the broker's window."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.jobs import sql
from apps.jobs.admin.filters import KindFilter
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.models import Bundle, Duty, Job, Worker
from apps.jobs.operating.condition import any_alive, condition, running_by_worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin[Worker]):
    """Look at workers: those that were not stopped first, then the last to start."""

    change_list_template = "admin/jobs/workers.html"
    list_display = (
        "name",
        "condition",
        "runs",
        "process_id",
        "queues",
        "concurrency",
        "started_at",
        "heartbeat_at",
        "stopped_at",
        "version",
    )
    fields = (
        *("name", "hostname", "process_id", "queues", "concurrency"),
        *("started_at", "heartbeat_at", "stopped_at", "version", "kinds"),
    )
    readonly_fields = ("process_id",)
    ordering = (F("stopped_at").desc(nulls_first=True), "-started_at")
    search_help_text = "The complete id of a job that last ran on the worker"

    def search_by_id(self, queryset: QuerySet[Worker], job_id: UUID) -> QuerySet[Worker]:
        """Find the worker that took a job last."""
        return queryset.filter(pk__in=Job.objects.filter(pk=job_id).values("worker_id"))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Read the database's clock and what all workers of the page run, at once."""
        page = super().get_changelist_instance(request)
        [(now,)] = sql.run("clock", {})
        running = running_by_worker()
        for worker in page.result_list:
            worker.now = now
            worker.running = running.get(worker.pk, "")
        return page

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say above the list when no worker is alive."""
        alive = {"alive": any_alive()}
        return super().changelist_view(request, alive | (extra_context or {}))

    @admin.display(description="state")
    def condition(self, worker: Worker) -> SafeString:
        """Return whether it is alive, silent, dead or stopped."""
        word = condition(worker, worker.now)
        return format_html('<strong class="condition {0}">{0}</strong>', word)

    @admin.display(description="process id")
    def process_id(self, worker: Worker) -> str:
        """Return the process as the system writes it, without separators."""
        return str(worker.pid)

    @admin.display(description="runs")
    def runs(self, worker: Worker) -> str:
        """Return the kinds of jobs that it runs now."""
        return worker.running or "–"


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
