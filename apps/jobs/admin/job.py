"""Jobs in the Django admin."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
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
from apps.jobs.operating.history import history
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.operating.why import why_waiting
from apps.lib import words
from apps.lib.read_only_admin import Tool

_LONGEST_ARGUMENTS = 10_000
_STORIES = (("logline", "log"), ("attempt", "attempts"), ("deadletter", "dead job"), ("action", "audit log"))


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    """Look at jobs, newest first; cancel the selected ones."""

    list_display = ("id", "kind", "state", "subject", "owner", "queue", "enqueued_at", "finished_at")
    list_filter = (AgeFilter, "state", KindFilter)
    list_select_related = ("owner",)
    search_fields: ClassVar = ("id", "kind")
    search_help_text = (
        "A complete job id, part of the name of a job type in this release, "
        "or the complete e-mail address of an owner"
    )
    id_field = "id"
    actions = ("cancel_selected", "retry_selected", "run_selected_again")
    fields = (
        ("kind", "state", "queue", "priority"),
        "what_it_does",
        "why_it_waits",
        ("owner", "trigger", "subject"),
        "shown_args",
        ("tenant", "tags", "parent_id", "request_id"),
        ("enqueued_at", "sleeps_until", "started_at", "finished_at", "cancel_requested_at"),
        ("attempt", "failures", "deaths", "max_attempts"),
        ("worker", "process_id"),
        "fingerprint",
        "shown_result",
        "who_did_what",
        "stories",
    )
    readonly_fields = (
        "what_it_does",
        "who_did_what",
        "why_it_waits",
        "sleeps_until",
        "process_id",
        "shown_args",
        "shown_result",
        "stories",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Read the worker's name along with a job."""
        return super().get_queryset(request).select_related("owner", "worker")

    def search(self, queryset: QuerySet[Job], term: str) -> QuerySet[Job]:
        """Find by a part of a kind, or by the owner's address."""
        if "@" in term:
            people = get_user_model()._default_manager.filter(email__iexact=term)
            return queryset.filter(owner_id__in=list(people.values_list("pk", flat=True)))
        return queryset.filter(kind__in=[kind for kind in registry.kinds() if term.lower() in kind.lower()])

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

    @admin.display(description="process id")
    def process_id(self, job: Job) -> str:
        """Return the process as the system writes it, without separators."""
        return "" if job.worker_pid is None else str(job.worker_pid)

    @admin.display(description="arguments")
    def shown_args(self, job: Job) -> str:
        """Return the arguments with secrets masked."""
        return arguments.shown(job.args, _LONGEST_ARGUMENTS)

    @admin.display(description="result")
    def shown_result(self, job: Job) -> SafeString | str:
        """Return the result as JSON, secrets masked."""
        return (
            ""
            if job.result is None
            else format_html('<pre class="wraps">{}</pre>', arguments.pretty(job.result))
        )

    @admin.display(description="what it does")
    def what_it_does(self, job: Job) -> str:
        """Return what the code says of its kind."""
        return registry.summary_of(job.kind)

    @admin.display(description="who did what")
    def who_did_what(self, job: Job) -> SafeString | str:
        """Return what people did to it, with what a replay changed."""
        entries = history(job.pk)
        return (
            render_to_string("admin/jobs/history.html", {"entries": entries}) if entries else "Nothing yet."
        )

    @admin.display(description="related")
    def stories(self, job: Job) -> SafeString:
        """Return links to the job's log, attempts, dead letter and what people did to it."""
        links = [
            format_html('<a href="{}?q={}">{}</a>', reverse(f"admin:jobs_{model}_changelist"), job.pk, label)
            for model, label in _STORIES
        ]
        return format_html_join(" · ", "{}", ((link,) for link in links))

    def tools(self, request: HttpRequest, object_id: str) -> Sequence[Tool]:
        """Return what this person may do with a job as it is now, and the page that people see."""
        job = Job.objects.filter(pk=object_id).first() if _is_uuid(object_id) else None
        return job_actions.tools(request, job) if job is not None else ()

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
            return HttpResponseRedirect(_back_from(chosen))
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


def _back_from(chosen: JobFilter) -> str:
    """Return where to go when it is done: to the one job that was meant, else to the list."""
    if chosen.ids is not None and len(chosen.ids) == 1:
        return reverse("admin:jobs_job_change", args=[chosen.ids[0]])
    return reverse("admin:jobs_job_changelist")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
