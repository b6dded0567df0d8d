"""Dead letters in the Django admin: their evidence, their groups, replay and discard."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.jobs.admin import ask, traceback_shown
from apps.jobs.admin.choosing import letters_in, to_question
from apps.jobs.admin.decide import DECISIONS
from apps.jobs.admin.filters import AgeOfDeathFilter, DecisionFilter, KindFilter
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds import arguments
from apps.jobs.models import DeadLetter
from apps.jobs.operating import dead_letters
from apps.lib import words

_LONGEST_ARGUMENTS = 10_000


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin[DeadLetter]):
    """Look at jobs that will not be tried again by themselves; decide what becomes of them."""

    list_display = ("job_id", "kind", "fingerprint", "died_at", "message", "decision")
    list_filter = (DecisionFilter, AgeOfDeathFilter, KindFilter)
    ordering: ClassVar = ("-died_at",)
    search_help_text = "A complete job id, or a complete cause"
    actions = ("replay_selected", "discard_selected")
    change_list_template = "admin/jobs/dead_letters.html"
    fields = (
        ("kind", "fingerprint", "tenant"),
        ("died_at", "attempts", "worker_name", "version"),
        "message",
        "shown_args",
        "traceback",
        ("decision", "decided_at"),
        "what_to_do",
    )
    readonly_fields = ("shown_args", "traceback", "what_to_do")

    def search(self, queryset: QuerySet[DeadLetter], term: str) -> QuerySet[DeadLetter]:
        """Find by fingerprint, through its index."""
        return queryset.filter(fingerprint=term)

    @admin.display(description="arguments")
    def shown_args(self, letter: DeadLetter) -> str:
        """Return the arguments with secrets masked."""
        return arguments.shown(letter.evidence.get("args") or {}, _LONGEST_ARGUMENTS)

    def traceback(self, letter: DeadLetter) -> SafeString:
        """Return where it happened."""
        return traceback_shown.drawn(str(letter.evidence.get("traceback", "")))

    @admin.display(description="decide")
    def what_to_do(self, letter: DeadLetter) -> SafeString:
        """Return links to what can be decided, and to the job."""
        job = format_html('<a href="{}">Job</a>', reverse("admin:jobs_job_change", args=[letter.pk]))
        if letter.decision == DeadLetter.Decision.REPLAYED:
            return job
        discarded = "&discarded=1" if letter.decision else ""
        asks = [reverse("admin:jobs_deadletter_ask", args=[verb]) for verb in ("replay", "discard")]
        replay = format_html('<a href="{}?ids={}{}">Replay…</a>', asks[0], letter.pk, discarded)
        if letter.decision:
            return format_html("{} · {}", replay, job)
        return format_html('{} · <a href="{}?ids={}">Discard…</a> · {}', replay, asks[1], letter.pk, job)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Allow replays to those who have the right."""
        return request.user.has_perm("jobs.replay_deadletter")

    def has_discard_permission(self, request: HttpRequest) -> bool:
        """Allow discarding to those who have the right."""
        return request.user.has_perm("jobs.discard_deadletter")

    @admin.action(description="Replay selected dead jobs…", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before replaying."""
        return to_question(self, request, "replay")

    @admin.action(description="Discard selected dead jobs…", permissions=["discard"])
    def discard_selected(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before discarding."""
        return to_question(self, request, "discard")

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks and the one of groups."""
        view = self.admin_site.admin_view
        return [
            path("ask/<slug:verb>/", view(self.ask), name="jobs_deadletter_ask"),
            path("groups/", view(self.groups), name="jobs_deadletter_groups"),
            *super().get_urls(),
        ]

    def ask(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Count what is meant, ask why and how carefully, do it and say what came of it."""
        decision = DECISIONS.get(verb)
        if decision is None:
            raise Http404("There is no such action.")
        ask.check(request, decision.permission)
        chosen = letters_in(request.GET)
        form = decision.form(request.POST or None, chosen=chosen)
        if request.method == "POST" and form.is_valid():
            said = decision.do(request, chosen, form)
            if said:
                self.message_user(request, said)
                return HttpResponseRedirect(reverse("admin:jobs_deadletter_changelist"))
        count = dead_letters.count(chosen)
        question = ask.Question(
            title=decision.title,
            what=f"{words.sentence_case(str(chosen))}.",
            counts={"dead jobs": count},
            notes=decision.notes,
            form=form,
            button=decision.button,
            is_pointless=not count,
        )
        return ask.page(request, self, question)

    def groups(self, request: HttpRequest) -> TemplateResponse:
        """Show what goes wrong, the most frequent first."""
        ask.check(request, "jobs.view_deadletter")
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": "Dead jobs by cause",
            "opts": self.opts,
            "groups": dead_letters.groups(dead_letters.Filter()),
            "may_replay": self.has_replay_permission(request),
            "may_discard": self.has_discard_permission(request),
        }
        return TemplateResponse(request, "admin/jobs/groups.html", context)
