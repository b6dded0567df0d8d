"""Schedules in the Django admin: django-celery-beat's own pages, with what beat knows about each row."""

from datetime import datetime

from celery import current_app
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from apps.jobs import broker, origin, registry
from apps.schedules import foreign
from apps.schedules.models.plan import Plan
from apps.schedules.row import read

admin.site.unregister(PeriodicTask)


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):  # type: ignore[misc]  # untyped base
    """Show when a schedule runs next, or why it was set aside; run it now through the ledger."""

    list_display = ("name", "enabled", "task", "timing", "next_at", "problem", "last_run_at", "one_off")
    list_filter = ("enabled", "one_off", "task")
    date_hierarchy = None  # start_time has no index
    readonly_fields = (*PeriodicTaskAdmin.readonly_fields, "next_at", "problem")
    change_form_template = None  # the package's own holds inline script, which the content policy forbids
    fieldsets = ((None, {"fields": ("next_at", "problem")}), *PeriodicTaskAdmin.fieldsets)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        """Read each row's timing and plan along with it."""
        return super().get_queryset(request).select_related("plan")  # type: ignore[no-any-return]

    def timing(self, schedule: PeriodicTask) -> str:
        """Return when it runs, in the words of its timing."""
        return str(schedule.scheduler or "no timing")

    @admin.display(ordering="plan__next_at")
    def next_at(self, schedule: PeriodicTask) -> datetime | None:
        """Return when it runs next."""
        plan = _plan(schedule)
        return plan.next_at if plan else None

    def problem(self, schedule: PeriodicTask) -> str:
        """Return why beat set it aside."""
        plan = _plan(schedule)
        return plan.problem if plan else ""

    @admin.action(description="Run selected schedules now", permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Start what the selected schedules start, in the name of the person who asks."""
        started = 0
        with origin(owner_id=request.user.pk, trigger="web"):
            for schedule in queryset:
                try:
                    _run_now(schedule)
                    started += 1
                except (registry.UnknownKind, broker.BrokerAway, TypeError, ValueError) as error:
                    self.message_user(request, f"{schedule.name} was not run: {error}", messages.ERROR)
        self.message_user(request, f"Started: {started}.", messages.SUCCESS if started else messages.WARNING)


def _plan(schedule: PeriodicTask) -> Plan | None:
    return getattr(schedule, "plan", None)


def _run_now(schedule: PeriodicTask) -> None:
    [row] = read([schedule.pk])
    message = foreign.message_of(row)
    kind = registry.kinds().get(row.task)
    if kind is None:
        with broker.connected(confirm=True) as producer:
            current_app.send_task(row.task, producer=producer, retry=False, **message)
        return
    options = {name: message[name] for name in ("queue", "priority") if name in message}
    with origin(subject=row.name):
        kind.apply_async(message["args"], message["kwargs"], **options)
