"""Schedules in the Django admin: django-celery-beat's own pages, with what beat knows about each row."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from apps.lib.zoned import name_zone
from apps.schedules import declared, heartbeat, watch
from apps.schedules.admin import arguments, asks, day, files, version, when
from apps.schedules.admin.actions import Actions
from apps.schedules.admin.columns import Columns, SummedChangeList, row_of
from apps.schedules.admin.form import PreviewForm, ScheduleForm
from apps.schedules.admin.look_ahead import look_ahead
from apps.schedules.admin.masked import MaskedArguments
from apps.schedules.durations import durations
from apps.schedules.models.policy import Policy
from apps.schedules.models.version import Version
from apps.schedules.row import Row, read
from apps.schedules.versions import name_who_deleted, record

_TEMPLATE = "admin/schedules/look_ahead.html"
_WHAT = ("name", "task", "enabled", "description", "stands", "from_code", "moments", "versions")
_WITHIN = ("start_time", "expires", "one_off", "last_run_at")
_MESSAGE = ("expire_seconds", "queue", "priority", "exchange", "routing_key", "headers")
_TIMING = (("cron", "zone"), ("every", "period"), "at", "look_ahead", "solar", *_WITHIN)

admin.site.unregister(PeriodicTask)


class PolicyForm(forms.ModelForm[Policy]):
    """A policy, whose pause names its zone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_zone(self)

    def clean(self) -> dict[str, Any] | None:
        """Refuse a pause that is too long."""
        cleaned = super().clean()
        when.refuse_far_times(self)
        return cleaned


class PolicyInline(admin.StackedInline[Policy, PeriodicTask]):
    """What happens besides the plain case; left as it is, no row is kept."""

    model = Policy
    form = PolicyForm
    can_delete = False
    fields = (("missed", "missed_cap"), "overlap", "jitter_s", "paused_until", "max_runs")


@admin.register(PeriodicTask)
class ScheduleAdmin(MaskedArguments, when.ShownWhen, Columns, Actions):
    """Show when a schedule runs next, or why it was set aside; whatever is changed here is a version."""

    list_display = (
        *("called", "stands", "last_run", "last_moments", "next_run"),
        *("timing", "usual", "passed_over"),
    )
    list_filter = ("enabled", "task")
    list_per_page = 50
    show_full_result_count = False
    ordering = ("name",)
    date_hierarchy = None  # start_time has no index
    form = ScheduleForm
    readonly_fields = (
        *("last_run_at", "stands", "from_code", "moments", "versions"),
        *("look_ahead", "typed_arguments", "shown_arguments", "shown_headers"),
    )
    inlines = (PolicyInline,)
    change_form_template = "admin/schedules/schedule_form.html"
    change_list_template = "admin/schedules/schedule_list.html"
    fieldsets = (
        (None, {"fields": _WHAT}),
        ("When", {"fields": _TIMING}),
        ("Arguments", {"fields": ("typed_arguments",)}),
        ("Arguments as JSON", {"fields": ("args", "kwargs"), "classes": ("collapse",)}),
        ("Message", {"fields": _MESSAGE, "classes": ("collapse",)}),
    )

    class Media:
        js = (Script("look_ahead.js", type="module"), Script("typed_arguments.js", type="module"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form, without the package's list of every crontab row in words."""
        return admin.ModelAdmin.changeform_view(self, request, object_id, form_url, extra_context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under what is wrong now."""
        wrong = {"alerts": watch.alerts().count(), "beats": heartbeat.living().count()}
        return admin.ModelAdmin.changelist_view(self, request, wrong | (extra_context or {}))

    def get_changelist(self, request: HttpRequest, **_: object) -> type[SummedChangeList]:  # noqa: ARG002
        """Read what the columns show once for a page."""
        return SummedChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeriodicTask]:
        """Leave timings to the columns, which read them as text: a bad zone must not end the list."""
        return admin.ModelAdmin.get_queryset(self, request)

    def save_model(self, request: HttpRequest, obj: PeriodicTask, form: ScheduleForm, change: bool) -> None:
        """Save the schedule with the row of its timing."""
        if change:
            record([obj.pk], Version.How.ELSEWHERE)
        when.keep(obj)
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ScheduleForm, formsets: Sequence[Any], change: bool
    ) -> None:
        """Save the policy; then write down who changed what."""
        super().save_related(request, form, formsets, change)
        record([form.instance.pk], Version.How.ADMIN, by=request.user.get_username())

    def delete_model(self, request: HttpRequest, obj: PeriodicTask) -> None:
        """Delete a schedule, and write down who did."""
        pk = obj.pk
        super().delete_model(request, obj)
        name_who_deleted([pk], request.user.get_username())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Delete schedules, and write down who did."""
        ids = list(queryset.values_list("pk", flat=True))
        super().delete_queryset(request, queryset)
        name_who_deleted(ids, request.user.get_username())

    def get_urls(self) -> list[URLPattern]:
        """Add the answers to a form that is being filled in, and the pages beside the list."""
        views = {
            "look-ahead/": (self.answer, "schedules_look_ahead"),
            "look-ahead/<int:schedule_id>/": (self.answer, "schedules_look_ahead"),
            "arguments/": (self.arguments, "schedules_arguments"),
            "arguments/<int:schedule_id>/": (self.arguments, "schedules_arguments"),
            "day/": (lambda request: day.show(request, self), "schedules_day"),
            "export/": (self.export_all, "schedules_export"),
            "import/": (lambda request: files.import_file(request, self), "schedules_import"),
            "pause/": (lambda request: asks.until(request, self), "schedules_pause"),
            "<int:pk>/run/": (lambda request, pk: asks.run(request, self, pk), "schedules_run"),
            "<int:pk>/back/": (lambda request, pk: asks.back_to_code(request, self, pk), "schedules_back"),
        }
        ours = [path(route, self.admin_site.admin_view(do), name=name) for route, (do, name) in views.items()]
        return [*ours, *super().get_urls()]

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

    def arguments(self, request: HttpRequest, schedule_id: int | None = None) -> HttpResponse:
        """Show the fields of the task that was chosen."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        may_edit = self.has_change_permission(request)
        row = next(iter(read([schedule_id])), None) if schedule_id and may_edit else None
        return HttpResponse(arguments.draw_stored(request.GET.get("task", ""), row))

    def export_all(self, request: HttpRequest) -> HttpResponse:
        """Answer with a file of all schedules, whose arguments are as they are."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return files.download(None)

    @admin.display(description="next runs")
    def look_ahead(self, schedule: PeriodicTask) -> SafeString:
        """Return when it runs next, which follows what is typed."""
        url = reverse("admin:schedules_look_ahead", args=[schedule.pk] if schedule.pk else [])
        drawn = _drawn(row_of(schedule), None, is_stored=True) if schedule.pk else ""
        return format_html('<div class="look-ahead" data-look-ahead="{}">{}</div>', url, drawn)

    @admin.display(description="arguments")
    def typed_arguments(self, schedule: PeriodicTask) -> SafeString:
        """Return the fields of its task's arguments, as somebody typed them or as they are stored."""
        url = reverse("admin:schedules_arguments", args=[schedule.pk] if schedule.pk else [])
        typed = getattr(schedule, "typed", None)
        if typed is not None:
            drawn = arguments.draw(typed.kind, typed)
        else:
            drawn = arguments.draw_stored(schedule.task, row_of(schedule) if schedule.pk else None)
        return format_html('<div data-arguments="{}">{}</div>', url, drawn)

    @admin.display(description="history")
    def moments(self, schedule: PeriodicTask) -> str | SafeString:
        """Return a link to what came of its moments."""
        if schedule.pk is None:
            return ""
        url = f"{reverse('admin:schedules_moment_changelist')}?{urlencode({'q': schedule.name})}"
        return format_html('<a href="{}">Run history</a>', url)

    @admin.display(description="who changed what")
    def versions(self, schedule: PeriodicTask) -> str | SafeString:
        """Return its last versions with links, and a link to all."""
        if schedule.pk is None:
            return ""
        context = {"recent": version.recent(schedule), "all": version.all_versions_of(schedule.name)}
        return render_to_string("admin/schedules/versions.html", context)

    @admin.display(description="from code")
    def from_code(self, schedule: PeriodicTask) -> str | SafeString:
        """Say whether it is as its code declares it, with the way back."""
        known = declared.departure(schedule.pk) if schedule.pk else None
        if known is None:
            return "as declared in code" if schedule.pk and declared.is_declared(schedule.pk) else "no"
        url = reverse("admin:schedules_back", args=[schedule.pk])
        words = "Changed in the admin. The code declares {} {}. "
        return format_html(words + '<a href="{}">Reset to code</a>', known.line, known.timezone, url)


def _drawn(row: Row, was: Row | None, *, is_stored: bool) -> SafeString:
    """Draw the time to come of a schedule, stored or as a form describes it beside what is stored."""
    stored = row if is_stored else was
    took = durations(stored.id) if stored else None
    return render_to_string(_TEMPLATE, dict(look_ahead(row, timezone.now(), was=was, took=took)))
