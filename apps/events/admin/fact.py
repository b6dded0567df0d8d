"""Facts in the Django admin: what happened, which jobs it started, and replay to a listener."""

import json
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.events.admin.choosing import chosen_in, question_about, why_not
from apps.events.admin.filters import EmittedFilter, EventFilter
from apps.events.admin.replay_form import ReplayForm
from apps.events.choosing import FactFilter
from apps.events.event import known
from apps.events.models import Delivery, Fact
from apps.events.replay import count, replay
from apps.jobs.admin import ask
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds import arguments
from apps.lib import words

_COUNTED = (
    Delivery.objects.filter(fact=OuterRef("pk")).order_by().values("fact").annotate(n=Count("*")).values("n")
)
_MOST_AT_ONCE = 20_000
_NOTES = (
    "Each event becomes a job. Events the listener already received are left out, unless you choose Again.",
)


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin[Fact]):
    """Look at what happened, the latest first; give it to a listener that has not heard it."""

    list_display = ("emitted_at", "fact_link", "shown_data", "jobs")
    list_display_links = ("fact_link",)
    list_filter = (EmittedFilter, EventFilter)
    ordering = ("-id",)
    search_help_text = "The complete id of an event, or of a job it started"
    actions = ("replay_selected",)
    fields = (
        ("name", "emitted_at"),
        "data_in_full",
        ("owner", "tenant", "key"),
        ("request_id", "emitter"),
        "started_jobs",
        "what_to_do",
    )
    readonly_fields = ("data_in_full", "emitter", "started_jobs", "what_to_do")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fact]:
        """Read along who was asking, and how many jobs each started."""
        facts = super().get_queryset(request).select_related("owner")
        return facts.annotate(started=Coalesce(Subquery(_COUNTED), 0))

    def search_by_id(self, queryset: QuerySet[Fact], job_id: UUID) -> QuerySet[Fact]:
        """Find a fact, or the one that started a job."""
        started_by = Delivery.objects.filter(job_id=job_id).values_list("fact_id", flat=True)[:50]
        return queryset.filter(pk__in=[job_id, *started_by])

    @admin.display(description="event")
    def fact_link(self, fact: Fact) -> str:
        """Return the event's name."""
        return fact.name

    @admin.display(description="data")
    def shown_data(self, fact: Fact) -> str:
        """Return the fields on a line, secrets masked."""
        return arguments.shown(fact.data)

    @admin.display(description="data")
    def data_in_full(self, fact: Fact) -> SafeString:
        """Return the fields as JSON, secrets masked."""
        text = json.dumps(arguments.masked(fact.data), ensure_ascii=False, indent=2)
        return format_html('<pre class="wraps">{}</pre>', text)

    def jobs(self, fact: Fact) -> int:
        """Return how many jobs it started."""
        return fact.started  # type: ignore[attr-defined, no-any-return]  # annotated above

    @admin.display(description="emitted by job")
    def emitter(self, fact: Fact) -> SafeString | str:
        """Return the job in which it was emitted."""
        if fact.parent_id is None:
            return "none"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:jobs_job_change", args=[fact.parent_id]), fact.parent_id
        )

    @admin.display(description="started jobs")
    def started_jobs(self, fact: Fact) -> SafeString | str:
        """Return links to the jobs, by listener."""
        rows = [
            (one.kind, reverse("admin:jobs_job_change", args=[one.job_id]), one.job_id)
            for one in fact.deliveries.all()[:100]
        ]
        return format_html_join("", '<div>{}: <a href="{}">{}</a></div>', rows) if rows else "No listener."

    @admin.display(description="replay")
    def what_to_do(self, fact: Fact) -> SafeString:
        """Return the link to replay it."""
        return format_html(
            '<a href="{}?ids={}">Replay to a listener…</a>', reverse("admin:events_fact_ask"), fact.pk
        )

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Allow replays to those who have the right."""
        return request.user.has_perm("events.replay_fact")

    @admin.action(description="Replay selected events to a listener…", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Fact]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before replaying."""
        if why := why_not(request):
            self.message_user(request, why, messages.ERROR)
            return None
        return HttpResponseRedirect(question_about(request))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks."""
        asks = path("replay/", self.admin_site.admin_view(self.ask), name="events_fact_ask")
        return [asks, *super().get_urls()]

    def ask(self, request: HttpRequest) -> HttpResponse:
        """Ask to which listener and why, do it and say what came of it."""
        ask.check(request, "events.replay_fact")
        chosen = chosen_in(request.GET)
        events = _events_of(chosen)
        form = ReplayForm(request.POST or None, events=events)
        kinds = [kind for kind, _ in form.fields["to"].choices]  # type: ignore[attr-defined]  # a ChoiceField
        facts = chosen.facts()[: _MOST_AT_ONCE + 1].count()
        is_pointless = not kinds or not 0 < facts <= _MOST_AT_ONCE
        is_meant = request.method == "POST" and form.is_valid() and not is_pointless
        if is_meant and (told := _replayed(chosen, form, request)):
            self.message_user(request, told)
            return HttpResponseRedirect(reverse("admin:events_fact_changelist"))
        unheard = {
            f"not yet received by {kind}": count(chosen, to=kind, most=_MOST_AT_ONCE + 1) for kind in kinds
        }
        question = ask.Question(
            title="Replay events to a listener",
            what=f"{words.sentence_case(str(chosen))}.",
            counts={"events": facts, **unheard},
            notes=_notes(kinds, facts),
            form=form,
            button="Replay",
            is_pointless=is_pointless,
        )
        return ask.page(request, self, question)


def _notes(kinds: list[str], facts: int) -> tuple[str, ...]:
    if not kinds:
        return ("No job type listens to these events.",)
    if facts > _MOST_AT_ONCE:
        return (f"More than {_MOST_AT_ONCE:,} at once: use manage.py events replay.",)
    return _NOTES


def _events_of(chosen: FactFilter) -> set[str]:
    """Return the events that may be meant; facts that were named are few enough to look at."""
    if chosen.ids is not None:
        return set(chosen.facts().order_by().values_list("name", flat=True).distinct())
    return {chosen.name} if chosen.name else set(known())


def _replayed(chosen: FactFilter, form: ReplayForm, request: HttpRequest) -> str:
    """Replay, and return what came of it in a sentence; empty when the form says why not."""
    given = form.cleaned_data
    try:
        done = replay(
            chosen, to=given["to"], actor=request.user, reason=given["reason"], again=given["again"]
        )
    except ValueError as error:
        form.add_error(None, str(error))
        return ""
    told = f"{words.count(done.given, 'event')} sent to {given['to']}."
    if not done.unfit:
        return told
    return f"{told} Left out: {words.count(done.unfit, 'event')}. {'; '.join(done.reasons)}"
