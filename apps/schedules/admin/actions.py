"""What people do to schedules from the list; each change is a version."""

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from apps.jobs.messages import broker
from apps.schedules import pause
from apps.schedules.admin.files import download
from apps.schedules.duplicate import duplicate
from apps.schedules.models.version import Version
from apps.schedules.run_now import run_now
from apps.schedules.start import REFUSALS, reason_of
from apps.schedules.versions import record
from apps.schedules.wanted import BadDocument

MAY_RUN, MAY_PAUSE = "schedules.run_schedule", "schedules.pause_schedule"
MOST_AT_ONCE = 200  # so many ids fit into an address

Schedules = QuerySet[PeriodicTask]


class Actions(PeriodicTaskAdmin):  # type: ignore[misc]  # untyped base
    """The actions of the list; those of the package itself, with a version for each."""

    actions = (
        *("run_tasks", "pause_until", "resume", "duplicate", "export"),
        *("enable_tasks", "disable_tasks", "toggle_tasks"),
    )

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may run schedules."""
        return request.user.has_perm(MAY_RUN)

    def has_pause_permission(self, request: HttpRequest) -> bool:
        """Say whether this person may pause schedules."""
        return request.user.has_perm(MAY_PAUSE)

    @admin.action(description="Run selected schedules now", permissions=["run"])
    def run_tasks(self, request: HttpRequest, queryset: Schedules) -> None:
        """Start what the selected schedules start, in the name of the person who asks."""
        started = 0
        for schedule in queryset:
            try:
                run_now(schedule.pk, owner_id=request.user.pk, by=request.user.get_username())
                started += 1
            except (broker.BrokerAway, *REFUSALS) as error:
                self.message_user(
                    request, f"{schedule.name} was not started: {reason_of(error)}", messages.ERROR
                )
        self.message_user(request, f"Started: {started}.", messages.SUCCESS if started else messages.WARNING)

    @admin.action(description="Pause selected schedules until…", permissions=["pause"])
    def pause_until(self, request: HttpRequest, queryset: Schedules) -> HttpResponse | None:
        """Go to the page that asks until when."""
        ids = list(queryset.values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) > MOST_AT_ONCE:
            words = f"At most {MOST_AT_ONCE} schedules can be paused at once. Tick fewer."
            self.message_user(request, words, messages.ERROR)
            return None
        query = urlencode({"ids": ",".join(map(str, ids))})
        return HttpResponseRedirect(f"{reverse('admin:schedules_pause')}?{query}")

    @admin.action(description="Resume selected schedules", permissions=["pause"])
    def resume(self, request: HttpRequest, queryset: Schedules) -> None:
        """Let paused schedules go on."""
        resumed = pause.resume(_ids(queryset), by=request.user.get_username())
        self.message_user(request, f"Resumed: {resumed}.", messages.SUCCESS if resumed else messages.WARNING)

    @admin.action(description="Duplicate selected schedules", permissions=["add"])
    def duplicate(self, request: HttpRequest, queryset: Schedules) -> HttpResponse | None:
        """Make copies that are switched off; one copy is shown at once."""
        made = []
        for pk, name in queryset.values_list("pk", "name"):
            try:
                made.append(duplicate(pk, by=request.user.get_username()))
            except BadDocument as error:
                self.message_user(request, f"{name} was not duplicated: {error}", messages.ERROR)
        self.message_user(request, f"Disabled copies created: {len(made)}.", messages.SUCCESS)
        if len(made) != 1:
            return None
        return HttpResponseRedirect(reverse("admin:django_celery_beat_periodictask_change", args=made))

    @admin.action(description="Export selected schedules to a file", permissions=["change"])
    def export(self, request: HttpRequest, queryset: Schedules) -> HttpResponse:  # noqa: ARG002  # Django's signature
        """Answer with a file of what they say."""
        return download(_ids(queryset))

    @admin.action(description="Enable selected schedules", permissions=["change"])
    def enable_tasks(self, request: HttpRequest, queryset: Schedules) -> None:
        """Switch them on."""
        self._recorded(request, queryset, super().enable_tasks)

    @admin.action(description="Disable selected schedules", permissions=["change"])
    def disable_tasks(self, request: HttpRequest, queryset: Schedules) -> None:
        """Switch them off."""
        self._recorded(request, queryset, super().disable_tasks)

    @admin.action(description="Toggle activity of selected schedules", permissions=["change"])
    def toggle_tasks(self, request: HttpRequest, queryset: Schedules) -> None:
        """Switch those on that are off, and the other way round."""
        self._recorded(request, queryset, super().toggle_tasks)

    def _recorded(
        self, request: HttpRequest, queryset: Schedules, do: Callable[[HttpRequest, Schedules], Any]
    ) -> None:
        ids = _ids(queryset)  # before: a filter of the list may no longer hold after
        with transaction.atomic():
            record(ids, Version.How.ELSEWHERE)
            do(request, PeriodicTask.objects.filter(pk__in=ids))
            record(ids, Version.How.ADMIN, by=request.user.get_username())


def _ids(queryset: Schedules) -> Collection[int]:
    return list(queryset.values_list("pk", flat=True))
