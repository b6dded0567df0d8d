"""The form of a schedule: when it runs and what it is given are typed."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django_celery_beat.admin import PeriodicTaskForm
from django_celery_beat.models import PeriodicTask, SolarSchedule

from apps.jobs import registry
from apps.lib.zoned import name_zone
from apps.schedules import foreign
from apps.schedules.admin import arguments, when
from apps.schedules.admin.task_choice import task_field
from apps.schedules.row import Row

_PAUSE = "policy-0-paused_until"
# the model's words for what this form calls otherwise
_HERE = {"crontab": "cron", "interval": "every", "clocked": "at"}
_TIMINGS = frozenset({"crontab", "interval", "clocked", "solar"})
_NO_TIMING = "Enter a crontab line, an interval or a time, or choose a position of the sun."
_TWO_TIMINGS = "Only one of the crontab line, the interval, the time and the position of the sun can be set."
_TWO_ENDS = 'Only one of "Not after" and "Job expires after (seconds)" can be set.'
_LABELS = {
    "solar": "Or at a position of the sun",
    "start_time": "Not before",
    "expires": "Not after",
    "expire_seconds": "Job expires after (seconds)",
    "one_off": "Run only once",
    "queue": "Queue",
    "headers": "Message headers",
}
_HELP = {
    "name": "",
    "enabled": "",
    "description": "",
    "solar": "Choose one kind of timing only.",
    "start_time": "Empty: from now on.",
    "expires": "Empty: for ever.",
    "expire_seconds": "A job that did not start by then is cancelled. Empty: the setting of the job type.",
    "one_off": "The schedule is disabled after its next run.",
    "queue": "Empty: the queue of the job type.",
    "exchange": "For tasks of other packages only.",
    "routing_key": "For tasks of other packages only.",
    "headers": "As JSON.",
    "priority": "0 to 255; 0 goes first.",
}


class ScheduleForm(when.WhenFields, PeriodicTaskForm):  # type: ignore[misc]  # untyped base
    """django-celery-beat's form, without its choices among the rows of timings."""

    regtask = None  # one list in the place of its two fields
    task = task_field()

    class Meta:
        model = PeriodicTask
        exclude = ("crontab", "interval", "clocked")
        labels = _LABELS
        help_texts = _HELP

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show when the schedule runs."""
        super().__init__(*args, **kwargs)
        self.initial.update(when.typed(self.instance))
        name_zone(self)

    def clean(self) -> dict[str, Any]:
        """Lay the timing on the schedule, so that the model sees which it has; read its arguments."""
        self._clean_as_the_package()
        when.refuse_far_times(self)
        data = self.cleaned_data
        row = self.clean_when()
        when.lay(row, self.instance, is_bad_line="cron" in self.errors)
        data["one_off"] = data.get("one_off") or row.clocked_time is not None
        self._clean_arguments(data)
        return data

    def _clean_as_the_package(self) -> None:
        """Run the package's checks with texts that name the fields of this page."""
        if not self.cleaned_data.get("task"):  # the package reads this field without asking for it
            super(PeriodicTaskForm, self).clean()
            if "task" not in self.errors:
                self.add_error("task", "Choose a task.")
            return
        try:
            super().clean()
        except ValidationError:
            self.add_error("expires", _TWO_ENDS)

    def _clean_arguments(self, data: dict[str, Any]) -> None:
        task = data.get("task") or ""
        if task and task not in registry.kinds() and not foreign.is_known(task):
            self.add_error("task", f"No job type or Celery task is called {task!r} here. Choose another.")
        elif task in registry.kinds() and task not in registry.offered():
            self.add_error("task", f"{task} is started by the platform only. Choose another.")
        typed = arguments.posted(self.data)
        self.instance.typed = typed  # the page shows what was typed, with what is wrong about it
        if typed is None:
            fault = arguments.fault_of(task, data.get("args", ""), data.get("kwargs", ""))
            if fault and "args" not in self.errors and "kwargs" not in self.errors:
                self.add_error("kwargs", fault)
        elif typed.is_valid():
            data |= arguments.as_fields(typed.cleaned_data)
        else:
            self.add_error(None, "The arguments do not match the task. Correct the fields marked below.")

    def validate_unique(self) -> None:
        """Say at the fields of this page what the model says of its own."""
        try:
            self.instance.validate_unique(exclude=self._get_validation_exclusions())
        except ValidationError as error:
            told = error.error_dict if hasattr(error, "error_dict") else {"cron": [_NO_TIMING]}
            here = {
                _HERE.get(name, name): _TWO_TIMINGS if name in _TIMINGS else said
                for name, said in told.items()
            }
            self._update_errors(ValidationError(here))


class PreviewForm(when.WhenFields):
    """What of the form says when, as it stands while somebody types."""

    solar = forms.ModelChoiceField(SolarSchedule.objects.all(), required=False)
    start_time = forms.SplitDateTimeField(required=False)
    expires = forms.SplitDateTimeField(required=False)
    one_off = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the pause from the policy beside it."""
        super().__init__(*args, **kwargs)
        self.fields[_PAUSE] = forms.SplitDateTimeField(required=False)

    def clean(self) -> dict[str, Any]:
        """Read the timing; one that cannot run is an error here as well."""
        return self.cleaned_data | {"when": self.clean_when()}

    def row(self, was: Row | None) -> Row:
        """Return the timing of a valid form; where it is what is stored, it goes on from what is planned."""
        data = self.cleaned_data
        typed: Row = data["when"]
        there = data["solar"]
        row = typed._replace(
            solar=[there.event, str(there.latitude), str(there.longitude)] if there else None,
            start_time=data["start_time"],
            expires=data["expires"],
            one_off=data["one_off"],
            paused_until=data[_PAUSE],
        )
        return row._replace(timing=was.timing, next_at=was.next_at) if was else row
