"""Schedules in the Django admin: django-celery-beat's own pages, with what beat knows about each row."""

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from apps.jobs import broker
from apps.schedules.models.plan import Plan
from apps.schedules.models.policy import Policy
from apps.schedules.run_now import run_now
from apps.schedules.start import REFUSALS, reason_of

admin.site.unregister(PeriodicTask)


class PolicyInline(admin.StackedInline[Policy, PeriodicTask]):
    """What happens besides the plain case; left as it is, no row is kept."""

    model = Policy
    can_delete = False
    fields = (("missed", "missed_cap"), "overlap", "jitter_s", "paused_until", "max_runs")


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):  # type: ignore[misc]  # untyped base
    """Show when a schedule runs next, or why it was set aside; run it now through the ledger."""

    list_display = ("name", "enabled", "task", "timing", "next_at", "problem", "last_run_at", "one_off")
    list_filter = ("enabled", "one_off", "task")
    date_hierarchy = None  # start_time has no index
    readonly_fields = (*PeriodicTaskAdmin.readonly_fields, "next_at", "problem", "moments")
    inlines = (PolicyInline,)
    change_form_template = None  # the package's own holds inline script, which the content policy forbids
    fieldsets = ((None, {"fields": ("next_at", "problem", "moments")}), *PeriodicTaskAdmin.fieldsets)

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

    @admin.display(description="history")
    def moments(self, schedule: PeriodicTask) -> str | SafeString:
        """Return a link to what came of its moments."""
        if schedule.pk is None:
            return ""
        query = urlencode({"q": schedule.name})
        return format_html(
            '<a href="{}?{}">What came of its moments</a>',
            reverse("admin:schedules_moment_changelist"),
            query,
        )

    @admin.action(description="Run selected schedules now", permissions=["change"])
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Start what the selected schedules start, in the name of the person who asks."""
        started = 0
        for schedule in queryset:
            try:
                run_now(schedule.pk, owner_id=request.user.pk, by=request.user.get_username())
                started += 1
            except (broker.BrokerAway, *REFUSALS) as error:
                self.message_user(request, f"{schedule.name} was not run: {reason_of(error)}", messages.ERROR)
        self.message_user(request, f"Started: {started}.", messages.SUCCESS if started else messages.WARNING)


def _plan(schedule: PeriodicTask) -> Plan | None:
    return getattr(schedule, "plan", None)
