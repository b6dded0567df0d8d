"""Jobs in the Django admin."""

import json
from typing import ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.jobs import registry
from apps.jobs.admin import ask, job_actions
from apps.jobs.admin.choosing import chosen_in, to_question
from apps.jobs.admin.filters import AgeFilter, KindFilter
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds import arguments
from apps.jobs.models import Job
from apps.jobs.operating.why import why_waiting
from apps.lib import redact, words

_LONGEST_ARGUMENTS = 10_000
_STORIES = (("logline", "log"), ("attempt", "attempts"), ("deadletter", "dead job"), ("action", "audit log"))


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    """Look at jobs, newest first; cancel the selected ones."""

    list_display = ("id", "kind", "state", "subject", "owner", "queue", "enqueued_at", "finished_at")
    list_filter = (AgeFilter, "state", KindFilter)
    list_select_related = ("owner",)
    search_fields: ClassVar = ("id", "kind")
    search_help_text = "A job id, part of a job type's name, or an owner's full e-mail address"
    id_field = "id"
    actions = ("cancel_selected", "retry_selected", "run_selected_again")
    fields = (
        ("kind", "state", "queue", "priority"),
        "why_it_waits",
        ("owner", "trigger", "subject"),
        "shown_args",
        ("tenant", "tags", "parent_id", "request_id"),
        ("enqueued_at", "sleeps_until", "started_at", "finished_at", "cancel_requested_at"),
        ("attempt", "failures", "deaths", "max_attempts"),
        ("worker", "worker_pid"),
        ("fingerprint", "shown_result"),
        "stories",
    )
    readonly_fields = ("why_it_waits", "sleeps_until", "shown_args", "shown_result", "stories")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Read the worker's name along with a job."""
        return super().get_queryset(request).select_related("owner", "worker")

    def search(self, queryset: QuerySet[Job], term: str) -> QuerySet[Job]:
        """Find by a part of a kind, or by the owner's address."""
        if "@" in term:
            people = get_user_model()._default_manager.filter(email__iexact=term)
            return queryset.filter(owner_id__in=list(people.values_list("pk", flat=True)))
        return queryset.filter(kind__in=[kind for kind in registry.kinds() if term.lower() in kind])

    @admin.display(description="why it is waiting")
    def why_it_waits(self, job: Job) -> str:
        """Return why it does not run yet, or that it does not wait."""
        return why_waiting(job.pk)

    @admin.display(description="run after")
    def sleeps_until(self, job: Job) -> str:
        """Return when a sleeping job goes on."""
        if job.waits_for_its_batch:
            return "when its batch has ended"
        return "" if job.run_after is None else formats.localize(timezone.localtime(job.run_after))

    @admin.display(description="arguments")
    def shown_args(self, job: Job) -> str:
        """Return the arguments with secrets masked."""
        return arguments.shown(job.args, _LONGEST_ARGUMENTS)

    @admin.display(description="result")
    def shown_result(self, job: Job) -> str:
        """Return the result as JSON."""
        return "" if job.result is None else json.dumps(redact.masked(job.result), ensure_ascii=False)

    @admin.display(description="related")
    def stories(self, job: Job) -> SafeString:
        """Return links to the job's log, attempts, dead letter and what people did to it."""
        links = [
            format_html('<a href="{}?q={}">{}</a>', reverse(f"admin:jobs_{model}_changelist"), job.pk, label)
            for model, label in _STORIES
        ]
        return format_html_join(" · ", "{}", ((link,) for link in links))

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Allow cancelling to those who may cancel jobs of others."""
        return request.user.has_perm("jobs.cancel_job")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Allow running now and again to those who may with jobs of others."""
        return request.user.has_perm("jobs.retry_job")

    @admin.action(description="Cancel selected jobs…", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before cancelling."""
        return to_question(self, request, "cancel")

    @admin.action(description="Run selected scheduled jobs now…", permissions=["retry"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before running them early."""
        return to_question(self, request, "retry")

    @admin.action(description="Run selected jobs again as new ones…", permissions=["retry"])
    def run_selected_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before starting them anew."""
        return to_question(self, request, "again")

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks."""
        asks = path("ask/<slug:verb>/", self.admin_site.admin_view(self.ask), name="jobs_job_ask")
        return [asks, *super().get_urls()]

    def ask(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Count what is meant, ask why, do it and say what came of it."""
        todo = job_actions.VERBS.get(verb)
        if todo is None:
            raise Http404("There is no such action.")
        ask.check(request, todo.permission)
        chosen = chosen_in(request.GET)
        count = job_actions.count(todo.narrow(chosen))
        too_many = count > job_actions.MOST_AT_ONCE
        form = ask.ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and count and not too_many:
            self.message_user(request, todo.do(request, chosen, form.cleaned_data["reason"]))
            return HttpResponseRedirect(reverse("admin:jobs_job_changelist"))
        counts = {"selected": job_actions.count(chosen), todo.counted: count}
        notes = (f"More than {job_actions.MOST_AT_ONCE:,} at once: use manage.py jobs.",) if too_many else ()
        question = ask.Question(
            title=todo.title,
            what=f"{words.sentence_case(str(chosen))}.",
            counts=counts,
            notes=notes,
            form=form,
            button=todo.button,
            is_pointless=not count or too_many,
        )
        return ask.page(request, self, question)
