"""Who changed what of schedules, in the Django admin; and the way back."""

from typing import ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from apps.jobs.admin import ask
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds.arguments import pretty
from apps.lib import words
from apps.schedules.admin import changed
from apps.schedules.document import describe
from apps.schedules.masked import masked
from apps.schedules.models.version import Version
from apps.schedules.row import read
from apps.schedules.versions import predecessor
from apps.schedules.wanted import BadDocument, read_document
from apps.schedules.write import write

SHOWN_IN_FORM = 5


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin[Version]):
    """Look at what was changed, the last first; roll a schedule back to what it said."""

    list_display = ("at", "schedule_link", "by", "how", "what_changed")
    ordering = ("-id",)
    search_help_text = "The complete name of a schedule"
    fields: ClassVar = ("at", "schedule_link", "by", "how", "differs", "said", "roll_back_link")
    readonly_fields = ("schedule_link", "what_changed", "differs", "said", "roll_back_link")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """Read along what each schedule said before."""
        before = Version.objects.filter(schedule_id=OuterRef("schedule_id"), pk__lt=OuterRef("pk"))
        return super().get_queryset(request).annotate(was=Subquery(before.values("document")[:1]))

    def search_by_id(self, queryset: QuerySet[Version], job_id: UUID) -> QuerySet[Version]:  # noqa: ARG002
        """Find nothing: versions know no jobs."""
        return queryset.none()

    def search(self, queryset: QuerySet[Version], term: str) -> QuerySet[Version]:
        """Find the versions of the schedules that have or had this name."""
        return queryset.filter(
            schedule_id__in=Version.objects.filter(name=term).order_by().values("schedule_id")
        )

    @admin.display(description="schedule")
    def schedule_link(self, version: Version) -> SafeString:
        """Return the schedule's name as it was then, with a link."""
        url = reverse("admin:django_celery_beat_periodictask_change", args=[version.schedule_id])
        return format_html('<a href="{}">{}</a>', url, version.name)

    def what_changed(self, version: Version) -> str:
        """Return what this version changed, in a line."""
        return changed.in_a_line(version, getattr(version, "was", None))

    @admin.display(description="what changed")
    def differs(self, version: Version) -> SafeString:
        """Return what this version changed, in a table."""
        before = predecessor(version)
        return changed.draw(before.document if before else {}, version.document)

    @admin.display(description="full settings")
    def said(self, version: Version) -> SafeString:
        """Return the whole document without secrets."""
        return format_html("<pre>{}</pre>", pretty(masked(version.document)))

    @admin.display(description="roll back")
    def roll_back_link(self, version: Version) -> SafeString:
        """Return the link to the page that asks."""
        url = reverse("admin:schedules_roll_back", args=[version.pk])
        return format_html('<a href="{}">Roll back to this version</a>', url)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks before a schedule is rolled back."""
        view = self.admin_site.admin_view(self.roll_back)
        return [path("<int:pk>/roll-back/", view, name="schedules_roll_back"), *super().get_urls()]

    def roll_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what would change, and change it when that is wanted."""
        version = get_object_or_404(Version, pk=pk)
        now = next(iter(read([version.schedule_id])), None)
        ask.check(request, "schedules.roll_back_schedule")
        if request.method == "POST":
            return self._do(request, version)
        question = ask.Question(
            title=f"Roll back {version.name}",
            what="This restores the settings below. The current version stays in the history.",
            form=ask.NothingToFill(),
            button="Roll back",
            shown=changed.draw(describe(now) if now else {}, version.document),
        )
        return ask.page(request, self, question)

    def _do(self, request: HttpRequest, version: Version) -> HttpResponse:
        pk = version.schedule_id
        try:
            wanted = read_document(version.document)
            write(wanted, pk, Version.How.ROLL_BACK, by=request.user.get_username())
        except BadDocument as error:
            self.message_user(request, f"Not rolled back: {error}", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:schedules_version_change", args=[version.pk]))
        then = words.day_and_time(timezone.localtime(version.at), timezone.localtime())
        done = f'Schedule "{version.name}" was rolled back to {then}.'
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:django_celery_beat_periodictask_change", args=[pk]))


def recent(schedule: PeriodicTask) -> list[tuple[Version, str]]:
    """Return the last versions of a schedule, each with what it changed."""
    found = list(Version.objects.filter(schedule_id=schedule.pk)[: SHOWN_IN_FORM + 1])
    before = [version.document for version in found[1:]] + [None] * (len(found) <= SHOWN_IN_FORM)
    return [(version, changed.in_a_line(version, was)) for version, was in zip(found, before, strict=False)]


def all_versions_of(name: str) -> str:
    """Return the address of the list of a schedule's versions."""
    return f"{reverse('admin:schedules_version_changelist')}?{urlencode({'q': name})}"
