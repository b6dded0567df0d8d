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

from apps.events.admin.choosing import chosen_in, question_about
from apps.events.admin.filters import EmittedFilter, EventFilter
from apps.events.admin.replay_form import ReplayForm
from apps.events.models import Delivery, Fact
from apps.events.replay import Replayed, count, replay
from apps.jobs.admin import ask
from apps.jobs.admin.read_only import ReadOnlyAdmin
from apps.jobs.kinds import arguments
from apps.lib import words

_COUNTED = (
    Delivery.objects.filter(fact=OuterRef("pk")).order_by().values("fact").annotate(n=Count("*")).values("n")
)
_NOTES = ("Each becomes a job of its own. Those that the listener has heard are left out, unless asked for.",)


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin[Fact]):
    """Look at what happened, the latest first; give it to a listener that has not heard it."""

    list_display = ("emitted_at", "fact_link", "shown_data", "jobs")
    list_display_links = ("fact_link",)
    list_filter = (EmittedFilter, EventFilter)
    ordering = ("-id",)
    search_help_text = "The id of a fact, or of a job that it started"
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

    @admin.display(description="what is known of it")
    def shown_data(self, fact: Fact) -> str:
        """Return the fields on a line, secrets masked."""
        return arguments.shown(fact.data)

    @admin.display(description="what is known of it")
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

    @admin.display(description="jobs that it started")
    def started_jobs(self, fact: Fact) -> SafeString | str:
        """Return links to the jobs, by listener."""
        rows = [
            (one.kind, reverse("admin:jobs_job_change", args=[one.job_id]), one.job_id)
            for one in fact.deliveries.all()[:100]
        ]
        return (
            format_html_join("", '<div>{}: <a href="{}">{}</a></div>', rows) if rows else "Nobody listened."
        )

    @admin.display(description="replay")
    def what_to_do(self, fact: Fact) -> SafeString:
        """Return the link to replay it."""
        return format_html(
            '<a href="{}?ids={}">Replay to a listener…</a>', reverse("admin:events_fact_ask"), fact.pk
        )

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Allow replays to those who have the right."""
        return request.user.has_perm("events.replay_fact")

    @admin.action(description="Replay selected facts to a listener…", permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Fact]) -> HttpResponse | None:  # noqa: ARG002
        """Ask before replaying."""
        if request.POST.get("select_across") == "1" and request.GET.get("q"):
            why = (
                "All that a search finds cannot be taken at once. Tick them, or use the filters at the side."
            )
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
        facts = chosen.facts()
        events = set(facts.order_by().values_list("name", flat=True).distinct())
        form = ReplayForm(request.POST or None, events=events)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                done = replay(
                    chosen, to=given["to"], actor=request.user, reason=given["reason"], again=given["again"]
                )
            except ValueError as error:
                form.add_error(None, str(error))
            else:
                self.message_user(request, _told(given["to"], done))
                return HttpResponseRedirect(reverse("admin:events_fact_changelist"))
        kinds = [kind for kind, _ in form.fields["to"].choices]  # type: ignore[attr-defined]  # a ChoiceField
        unheard = {f"unheard by {kind}": count(chosen, to=kind) for kind in kinds}
        question = ask.Question(
            title="Replay facts to a listener",
            what=f"{str(chosen).capitalize()}.",
            counts={"facts": facts.count(), **unheard},
            notes=_NOTES if kinds else ("No job type listens to them.",),
            form=form,
            button="Replay",
            is_pointless=not kinds,
        )
        return ask.page(request, self, question)


def _told(to: str, done: Replayed) -> str:
    told = f"{words.count(done.sent, 'job')} of {to} started."
    if not done.unfit:
        return told
    return f"{told} Left out: {words.count(done.unfit, 'fact')}. {'; '.join(done.reasons)}"
