"""What can be decided about dead letters: the forms that ask, and the deeds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from apps.jobs import registry
from apps.jobs.admin.ask import ReasonForm
from apps.jobs.kinds import arguments
from apps.jobs.models.job import Job
from apps.jobs.operating import dead_letters, replay, replay_keys
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import Pace
from apps.lib import redact


class DiscardForm(ReasonForm):
    """Why they are given up."""

    def __init__(self, *args: Any, chosen: Filter, **kwargs: Any) -> None:  # noqa: ARG002  # as the other form
        super().__init__(*args, **kwargs)


class ReplayForm(ReasonForm):
    """Why and how carefully; for one job also with which arguments."""

    canary = forms.IntegerField(
        min_value=0, initial=0, help_text="Run this many first; continue only if they succeed."
    )
    per_minute = forms.IntegerField(
        min_value=1, required=False, help_text="Maximum jobs per minute. Empty: no limit."
    )
    stop_at_percent = forms.IntegerField(
        min_value=1, max_value=100, initial=20, help_text="Stop if more than this percentage fail again."
    )
    args = forms.JSONField(
        label="Arguments",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "cols": 60, "spellcheck": "false"}),
        help_text="Change them to start the job again with other arguments. Leave *** to keep a secret.",
    )

    def __init__(self, *args: Any, chosen: Filter, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored: dict[str, object] | None = None
        letter = chosen.letters().first() if chosen.ids and len(chosen.ids) == 1 else None
        if letter is None:
            del self.fields["args"]
            return
        del self.fields["canary"], self.fields["per_minute"], self.fields["stop_at_percent"]
        self.stored = Job.objects.values_list("args", flat=True).filter(pk=letter.pk).first() or {}
        self.fields["args"].initial = arguments.masked(self.stored)

    def clean_args(self) -> dict[str, object] | None:
        """Return the arguments if they were changed; secrets that were left masked are what they were."""
        given = self.cleaned_data["args"]
        if given is None or self.stored is None:
            return None
        if not isinstance(given, dict):
            raise forms.ValidationError('Name each argument: {"name": 1}.')
        unmasked = _unmasked(given, self.stored)
        if name := _still_masked(unmasked, known=frozenset(_texts_of(self.stored))):
            raise forms.ValidationError(
                f"{name} is hidden and cannot be matched to a stored value. Enter it in full."
            )
        return None if unmasked == self.stored else unmasked

    def pace(self) -> Pace:
        """Return how carefully."""
        names = ("canary", "per_minute", "stop_at_percent")
        return Pace(**{name: self.cleaned_data[name] for name in names if name in self.cleaned_data})


def _unmasked(given: dict[str, Any], stored: dict[str, Any]) -> dict[str, object]:
    """Return the given values, where one was left as it was shown the stored one."""
    kept: dict[str, object] = {}
    for name, value in given.items():
        if name in stored and value == redact.masked_as(name, stored[name]):
            kept[name] = stored[name]
        else:
            kept[name] = _unmasked_within(value, stored.get(name))
    return kept


def _unmasked_within(value: object, was: object) -> object:
    if value == redact.masked(was):
        return was
    if isinstance(value, dict) and isinstance(was, dict):
        return _unmasked(value, was)
    if isinstance(value, list) and isinstance(was, list) and len(value) == len(was):
        return [_unmasked_within(one, before) for one, before in zip(value, was, strict=True)]
    return value


def _still_masked(value: object, name: str = "A value", *, known: frozenset[str]) -> str:
    """Return the name of a secret of which only the mask is left; empty when there is none.

    A text that is ``known`` was stored with its asterisks.
    """
    if isinstance(value, dict):
        parts = (_still_masked(one, inner, known=known) for inner, one in value.items())
    elif isinstance(value, list):
        parts = (_still_masked(one, name, known=known) for one in value)
    else:
        return name if isinstance(value, str) and value not in known and redact.has_mask(value) else ""
    return next(filter(None, parts), "")


def _texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(one)


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that can be decided."""

    permission: str
    title: str
    button: str
    form: Callable[..., ReasonForm]
    do: Callable[[HttpRequest, Filter, Any], str]  # a sentence; empty when the form says why not
    notes: tuple[str, ...] = ()


def _replay(request: HttpRequest, chosen: Filter, form: ReplayForm) -> str:
    words = form.cleaned_data
    try:
        started = replay.replay(
            chosen, actor=request.user, reason=words["reason"], pace=form.pace(), args=words.get("args")
        )
    except (replay.NothingToReplay, registry.UnknownKind, TypeError, ValueError) as error:
        form.add_error(None, str(error))
        return ""
    return format_html(
        '<a href="{}">Replay {}</a>: {} of {} queued again.{}',
        reverse("admin:jobs_replay_change", args=[started.pk]),
        started.pk,
        started.sent,
        started.total,
        replay_keys.told(started),
    )


def _discard(request: HttpRequest, chosen: Filter, form: DiscardForm) -> str:
    count = dead_letters.discard(chosen, actor=request.user, reason=form.cleaned_data["reason"])
    return f"Discarded: {count}. Error history is kept."


DECISIONS = {
    "replay": Decision(
        "jobs.replay_deadletter",
        "Replay dead jobs",
        "Replay",
        ReplayForm,
        _replay,
        ("The jobs are queued again. Error history is kept.",),
    ),
    "discard": Decision(
        "jobs.discard_deadletter",
        "Discard dead jobs",
        "Discard",
        DiscardForm,
        _discard,
        ("Error history is kept. A discarded job can still be replayed.",),
    ),
}
