"""The pages that ask first: pause until when, run with which arguments, back to the code."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.jobs.admin import ask
from apps.jobs.admin.typed_arguments import TypedArguments
from apps.jobs.messages import broker
from apps.lib import words
from apps.lib.zoned import name_zone
from apps.schedules import declared, pause
from apps.schedules.admin import arguments
from apps.schedules.admin.actions import MAY_PAUSE, MAY_RUN
from apps.schedules.arguments import as_text, read_args, read_kwargs
from apps.schedules.near import FAR, is_far
from apps.schedules.row import Row, read
from apps.schedules.run_now import run_now
from apps.schedules.start import REFUSALS, reason_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

_MAY_ROLL_BACK = "schedules.roll_back_schedule"


class UntilForm(forms.Form):
    """Until when."""

    until = forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Runs before then are skipped.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_zone(self)

    def clean_until(self) -> datetime:
        """Refuse a time that has passed."""
        until: datetime = self.cleaned_data["until"]
        if until <= timezone.now():
            raise forms.ValidationError("This time has passed. Enter a later one.")
        if is_far(until):
            raise forms.ValidationError(FAR)
        return until


class JsonForm(forms.Form):
    """Arguments as JSON, for tasks that do not declare theirs."""

    args = forms.JSONField(label="Positional arguments", required=False, initial=list)
    kwargs = forms.JSONField(label="Named arguments", required=False, initial=dict)


def until(request: HttpRequest, model_admin: "ModelAdmin[Any]") -> HttpResponse:
    """Ask until when the schedules that the address names are paused, and pause them."""
    ask.check(request, MAY_PAUSE)
    ids = _ids(request.GET.get("ids", ""))
    names = list(PeriodicTask.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True))
    form = UntilForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        moment = form.cleaned_data["until"]
        paused = pause.pause(ids, moment, by=request.user.get_username())
        local = words.whole(timezone.localtime(moment))
        told = f"{words.count(paused, 'schedule')} paused until {local}."
        model_admin.message_user(
            request,
            told,
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:django_celery_beat_periodictask_changelist"))
    question = ask.Question(
        title=f"Pause {words.count(len(names), 'schedule')}",
        what=", ".join(names[:20]) + (" and others" if len(names) > 20 else ""),
        form=form,
        button="Pause",
        is_pointless=not names,
    )
    return ask.page(request, model_admin, question)


def run(request: HttpRequest, model_admin: "ModelAdmin[Any]", schedule_id: int) -> HttpResponse:
    """Ask with which arguments a schedule runs now, this once, and run it."""
    ask.check(request, MAY_RUN)
    row = _row(schedule_id)
    typed = arguments.typed(row.task, row)
    form: forms.Form = JsonForm(request.POST or None, initial=_stored(row)) if typed is None else typed
    if request.method == "POST":
        typed = TypedArguments(row.task, request.POST) if typed is not None else None
        form = typed if typed is not None else form
        if form.is_valid() and (answer := _run(request, model_admin, row, form)) is not None:
            return answer
    question = ask.Question(
        title=f"Run {row.name} now",
        what="Runs once now, as you, in addition to the schedule. It keeps its own arguments.",
        form=form,
        button="Run it",
    )
    return ask.page(request, model_admin, question)


def back_to_code(request: HttpRequest, model_admin: "ModelAdmin[Any]", schedule_id: int) -> HttpResponse:
    """Ask whether a schedule shall run again as its code declares, and let it."""
    ask.check(request, _MAY_ROLL_BACK)
    row, known = _row(schedule_id), declared.departure(schedule_id)
    here = reverse("admin:django_celery_beat_periodictask_change", args=[schedule_id])
    if request.method == "POST":
        declared.put_back(schedule_id, by=request.user.get_username())
        model_admin.message_user(request, f"Schedule {row.name} was reset to its code.", messages.SUCCESS)
        return HttpResponseRedirect(here)
    question = ask.Question(
        title=f"Reset {row.name} to its code",
        what=f"The code declares {known.line} {known.timezone}."
        if known
        else "The schedule matches its code.",
        form=ask.NothingToFill(),
        button="Reset to code",
        is_pointless=known is None,
    )
    return ask.page(request, model_admin, question)


def _run(
    request: HttpRequest, model_admin: "ModelAdmin[Any]", row: Row, form: forms.Form
) -> HttpResponse | None:
    """Run it and go to its job; None when it cannot, which the form then says."""
    data = form.cleaned_data
    if isinstance(form, JsonForm):
        instead = {name: as_text(data[name] or _EMPTY[name]) for name in _EMPTY}
    else:
        instead = arguments.as_fields(data)
    user = request.user
    try:
        job_id = run_now(row.id, owner_id=user.pk, by=user.get_username(), instead=instead)
    except (broker.BrokerAway, *REFUSALS) as error:
        form.add_error(None, f"Not started: {reason_of(error)}")
        return None
    model_admin.message_user(request, f"Started {row.name}.", messages.SUCCESS)
    if job_id is None:
        return HttpResponseRedirect(reverse("admin:django_celery_beat_periodictask_changelist"))
    return HttpResponseRedirect(reverse("admin:jobs_job_change", args=[job_id]))


_EMPTY: dict[str, object] = {"args": [], "kwargs": {}}


def _stored(row: Row) -> dict[str, object]:
    try:
        return {"args": read_args(row), "kwargs": read_kwargs(row)}
    except ValueError:
        return {}


def _row(schedule_id: int) -> Row:
    row = next(iter(read([schedule_id])), None)
    if row is None:
        raise Http404("There is no such schedule.")
    return row


def _ids(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word.isdecimal() and len(word) < 10]
