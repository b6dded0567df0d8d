"""Jobs in the Django admin."""

import json
from collections import Counter
from typing import ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.jobs import arguments, registry, transitions
from apps.jobs.admin.filters import AgeFilter, KindFilter
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.models import Job
from apps.jobs.states import State

_MOST_AT_ONCE = 1000
_LONGEST_ARGUMENTS = 10_000


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    """Look at jobs, newest first; cancel the selected ones."""

    list_display = ("id", "kind", "state", "subject", "owner", "queue", "enqueued_at", "finished_at")
    list_filter = (AgeFilter, "state", KindFilter)
    list_select_related = ("owner",)
    search_fields: ClassVar = ("id", "kind")
    search_help_text = "The id of a job, a part of a kind, or an owner's e-mail address"
    id_field = "id"
    actions = ("cancel_selected",)
    fields = (
        ("kind", "state", "queue", "priority"),
        ("owner", "trigger", "subject"),
        "shown_args",
        ("enqueued_at", "run_after", "started_at", "finished_at", "cancel_requested_at"),
        ("attempt", "failures", "deaths", "max_attempts"),
        ("worker", "worker_pid"),
        ("fingerprint", "shown_result"),
        "stories",
    )
    readonly_fields = ("shown_args", "shown_result", "stories")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Read the worker's name along with a job."""
        return super().get_queryset(request).select_related("owner", "worker")

    def search(self, queryset: QuerySet[Job], term: str) -> QuerySet[Job]:
        """Find by a part of a kind, or by the owner's address."""
        if "@" in term:
            people = get_user_model()._default_manager.filter(email__iexact=term)
            return queryset.filter(owner_id__in=list(people.values_list("pk", flat=True)))
        return queryset.filter(kind__in=[kind for kind in registry.kinds() if term.lower() in kind])

    @admin.display(description="arguments")
    def shown_args(self, job: Job) -> str:
        """Return the arguments with secrets masked."""
        return arguments.shown(job.args, _LONGEST_ARGUMENTS)

    @admin.display(description="result")
    def shown_result(self, job: Job) -> str:
        """Return the result as JSON."""
        return "" if job.result is None else json.dumps(job.result, ensure_ascii=False)

    @admin.display(description="its story")
    def stories(self, job: Job) -> SafeString:
        """Return links to the job's log, attempts and dead letter."""
        links = [
            format_html('<a href="{}?q={}">{}</a>', reverse(f"admin:jobs_{model}_changelist"), job.pk, words)
            for model, words in (("logline", "log"), ("attempt", "attempts"), ("deadletter", "dead letter"))
        ]
        return format_html("{} · {} · {}", *links)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Allow cancelling to those who may change jobs."""
        return request.user.has_perm("jobs.change_job")

    @admin.action(description="Cancel selected jobs", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Cancel waiting jobs at once and ask running ones to stop; say how many of each."""
        ids = list(queryset.values_list("pk", flat=True)[: _MOST_AT_ONCE + 1])
        if len(ids) > _MOST_AT_ONCE:
            self.message_user(request, f"Select at most {_MOST_AT_ONCE:,} jobs at once.", messages.ERROR)
            return
        became = Counter(transitions.cancel(job_id) for job_id in ids)
        self.message_user(
            request,
            f"Cancelled: {became[State.CANCELLED]}. Asked to stop: {became[State.RUNNING]}. "
            f"Had ended before: {became[None]}.",
        )
