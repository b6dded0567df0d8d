"""Schedules in the Django admin: django-celery-beat's own pages, with what beat knows about each row."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from apps.jobs import broker
from apps.schedules.admin.form import PreviewForm, ScheduleForm
from apps.schedules.admin.look_ahead import look_ahead
from apps.schedules.crontab_row import crontab_row, line_of
from apps.schedules.durations import durations
from apps.schedules.models.plan import Plan
from apps.schedules.models.policy import Policy
from apps.schedules.row import Row, read
from apps.schedules.run_now import run_now
from apps.schedules.start import REFUSALS, reason_of

_TEMPLATE = "admin/schedules/look_ahead.html"
_WITHIN = ("start_time", "expires", "one_off", "last_run_at")
_MESSAGE = ("expire_seconds", "queue", "priority", "exchange", "routing_key", "headers")
_TIMING = ("cron", "zone", "look_ahead", "interval", "clocked", "solar", *_WITHIN)

admin.site.unregister(PeriodicTask)


class PolicyInline(admin.StackedInline[Policy, PeriodicTask]):
    """What happens besides the plain case; left as it is, no row is kept."""

    model = Policy
    can_delete = False
    fields = (("missed", "missed_cap"), "overlap", "jitter_s", "paused_until", "max_runs")


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):  # type: ignore[misc]  # untyped base
    """Show when a schedule runs next, or why it was set aside; run it now through the ledger."""

    list_display = ("name", "enabled", "timing", "next_at", "problem", "task", "last_run_at")
    list_filter = ("enabled", "one_off", "task")
    date_hierarchy = None  # start_time has no index
    form = ScheduleForm
    readonly_fields = ("last_run_at", "next_at", "problem", "moments", "look_ahead")
    inlines = (PolicyInline,)
    change_form_template = None  # the package's own holds inline script, which the content policy forbids
    fieldsets = (
        (None, {"fields": ("name", "regtask", "task", "enabled", "description", "problem", "moments")}),
        ("When", {"fields": _TIMING}),
        ("Arguments", {"fields": ("args", "kwargs"), "classes": ("collapse",)}),
        ("Message", {"fields": _MESSAGE, "classes": ("collapse",)}),
    )

    class Media:
        js = (Script("look_ahead.js", type="module"),)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form, without the package's list of every crontab row in words."""
        return admin.ModelAdmin.changeform_view(self, request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: PeriodicTask, form: ScheduleForm, change: bool) -> None:
        """Save the schedule with the row of its crontab line."""
        if obj.crontab is not None:
            obj.crontab = crontab_row(line_of(obj.crontab), str(obj.crontab.timezone))
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        """Add the answer to a form that is being filled in."""
        view = self.admin_site.admin_view(self.answer)
        return [
            path("look-ahead/", view, name="schedules_look_ahead"),
            path("look-ahead/<int:schedule_id>/", view, name="schedules_look_ahead"),
            *super().get_urls(),
        ]

    def answer(self, request: HttpRequest, schedule_id: int | None = None) -> HttpResponse:
        """Show when a form that is being filled in would run."""
        if not self.has_view_or_change_permission(request) or request.method != "POST":
            raise PermissionDenied
        was = next(iter(read([schedule_id])), None) if schedule_id else None
        form = PreviewForm(request.POST)
        if form.is_valid():
            return HttpResponse(_drawn(form.row(was), was, is_stored=False))
        sentences = [str(sentence) for said in form.errors.values() for sentence in said]
        return HttpResponse(render_to_string(_TEMPLATE, {"problem": " ".join(sentences)}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        """Read each row's timing and plan along with it."""
        return super().get_queryset(request).select_related("plan")  # type: ignore[no-any-return]

    def timing(self, schedule: PeriodicTask) -> str:
        """Return when it runs, in the words of its timing."""
        if schedule.crontab is not None:
            return f"{line_of(schedule.crontab)} {schedule.crontab.timezone}"
        return str(schedule.scheduler or "no timing")

    def cron(self, schedule: PeriodicTask) -> str:
        """Return the crontab line, for those who may only look."""
        return line_of(schedule.crontab) if schedule.crontab else ""

    def zone(self, schedule: PeriodicTask) -> str:
        """Return the zone of the line, for those who may only look."""
        return str(schedule.crontab.timezone) if schedule.crontab else ""

    @admin.display(ordering="plan__next_at")
    def next_at(self, schedule: PeriodicTask) -> datetime | None:
        """Return when it runs next."""
        plan = _plan(schedule)
        return plan.next_at if plan else None

    def problem(self, schedule: PeriodicTask) -> str:
        """Return why beat set it aside."""
        plan = _plan(schedule)
        return plan.problem if plan else ""

    @admin.display(description="next moments")
    def look_ahead(self, schedule: PeriodicTask) -> SafeString:
        """Return when it runs next, which follows what is typed."""
        rows = read([schedule.pk]) if schedule.pk else []
        url = reverse("admin:schedules_look_ahead", args=[row.id for row in rows])
        drawn = _drawn(rows[0], None, is_stored=True) if rows else ""
        return format_html('<div class="look-ahead" data-look-ahead="{}">{}</div>', url, drawn)

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


def _drawn(row: Row, was: Row | None, *, is_stored: bool) -> SafeString:
    """Draw the time to come of a schedule, stored or as a form describes it beside what is stored."""
    stored = row if is_stored else was
    took = durations(stored.id) if stored else None
    return render_to_string(_TEMPLATE, dict(look_ahead(row, timezone.now(), was=was, took=took)))
