"""The form that asks to which listener facts go, and why."""

from typing import Any

from django import forms

from apps.events.listeners import listeners_of
from apps.jobs.admin.ask import ReasonForm


class ReplayForm(ReasonForm):
    """Which listener, whether again, and why."""

    to = forms.ChoiceField(label="Listener", help_text="The job type that receives the events.")
    again = forms.BooleanField(
        required=False,
        label="Again",
        help_text="Include events it already received: their jobs run a second time.",
    )

    field_order = ("to", "again", "reason")

    def __init__(self, *args: Any, events: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted({task.name for event in events for task in listeners_of(event)})
        self.fields["to"].choices = [(kind, kind) for kind in kinds]  # type: ignore[attr-defined]  # a ChoiceField
