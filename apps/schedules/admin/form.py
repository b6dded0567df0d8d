"""The form of a schedule: a crontab line is typed, not chosen among rows."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django_celery_beat.admin import PeriodicTaskForm
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from apps.jobs import registry
from apps.schedules import foreign
from apps.schedules.admin import arguments
from apps.schedules.admin.task_choice import task_field
from apps.schedules.crontab import BadCrontab, parse_line
from apps.schedules.crontab_row import FIELDS, line_of
from apps.schedules.row import Row

_PAUSE = "policy-0-paused_until"
_HERE = {"crontab": "cron"}  # the model's words for what this form calls otherwise


@cache
def _zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(available_timezones())]


class CrontabFields(forms.Form):
    """A crontab line and its zone."""

    cron = forms.CharField(
        label="Crontab line",
        required=False,
        max_length=500,
        help_text="Minute, hour, day of month, month, day of week: 30 2 * * 1-5. Both day fields must match.",
        widget=forms.TextInput(
            attrs={"class": "vTextField mono", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    zone = forms.ChoiceField(
        label="Time zone of the line",
        required=False,
        choices=_zones,
        initial=settings.TIME_ZONE,
    )

    def clean_cron(self) -> str:
        """Return the line with single blanks between its fields."""
        return " ".join(str(self.cleaned_data["cron"]).split())

    def clean_line(self, data: dict[str, Any]) -> list[str] | None:
        """Return the five fields and the zone, None without a line; complain where it cannot run."""
        line, zone = data.get("cron"), data.get("zone") or settings.TIME_ZONE
        if not line:
            return None
        try:
            first = parse_line(line, zone).first_after(timezone.now())
        except BadCrontab as error:
            self.add_error("cron", str(error))
            return None
        if first is None:
            self.add_error("cron", "No day of the next 40 years fits this line.")
        return [*line.split(), zone]


class ScheduleForm(CrontabFields, PeriodicTaskForm):  # type: ignore[misc]  # untyped base
    """django-celery-beat's form, with the line in the place of the choice among crontab rows."""

    regtask = None  # one list in the place of its two fields
    task = task_field()

    class Meta:
        model = PeriodicTask
        exclude = ("crontab",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the line that the schedule has."""
        super().__init__(*args, **kwargs)
        crontab = self.instance.crontab
        if crontab is not None:
            self.initial.update(cron=line_of(crontab), zone=str(crontab.timezone))

    def clean(self) -> dict[str, Any]:
        """Lay the line on the schedule, so that the model sees which timing it has; read its arguments."""
        super().clean()
        data = self.cleaned_data
        fields = self.clean_line(data)
        self.instance.crontab = _unsaved(fields) if fields or "cron" in self.errors else None
        self._clean_arguments(data)
        return data

    def _clean_arguments(self, data: dict[str, Any]) -> None:
        task = data.get("task") or ""
        if task and task not in registry.kinds() and not foreign.is_known(task):
            self.add_error("task", f"No job type or Celery task is called {task!r} here. Choose another.")
        typed = arguments.posted(self.data)
        self.instance.typed = typed  # the page shows what was typed, with what is wrong about it
        if typed is None:
            fault = arguments.fault_of(task, data.get("args", ""), data.get("kwargs", ""))
            if fault and "args" not in self.errors and "kwargs" not in self.errors:
                self.add_error("kwargs", fault)
        elif typed.is_valid():
            data |= arguments.as_fields(typed.cleaned_data)
        else:
            self.add_error(None, "The arguments do not fit the task. Mend what is marked below.")

    def validate_unique(self) -> None:
        """Say at the line what the model says of the crontab row."""
        try:
            self.instance.validate_unique(exclude=self._get_validation_exclusions())
        except ValidationError as error:
            told = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
            self._update_errors(ValidationError({_HERE.get(name, name): said for name, said in told.items()}))


def _unsaved(fields: list[str] | None) -> CrontabSchedule:
    if fields is None:  # a line that cannot run is a timing too: no other is missing
        return CrontabSchedule()
    *line, zone = fields
    return CrontabSchedule(**dict(zip(FIELDS, line, strict=True)), timezone=zone)


class PreviewForm(CrontabFields):
    """What of the form says when, as it stands while somebody types."""

    interval = forms.ModelChoiceField(IntervalSchedule.objects.all(), required=False)
    clocked = forms.ModelChoiceField(ClockedSchedule.objects.all(), required=False)
    start_time = forms.SplitDateTimeField(required=False)
    expires = forms.SplitDateTimeField(required=False)
    one_off = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the pause from the policy beside it."""
        super().__init__(*args, **kwargs)
        self.fields[_PAUSE] = forms.SplitDateTimeField(required=False)

    def clean(self) -> dict[str, Any]:
        """Read the line; one that cannot run is an error here as well."""
        data = self.cleaned_data
        return data | {"crontab": self.clean_line(data)}

    def row(self, was: Row | None) -> Row:
        """Return the timing of a valid form; where it is what is stored, it goes on from what is planned."""
        data = self.cleaned_data
        interval, clocked = data["interval"], data["clocked"]
        row = Row(
            crontab=data["crontab"],
            every=interval and interval.every,
            period=interval and interval.period,
            clocked_time=clocked and clocked.clocked_time,
            start_time=data["start_time"],
            expires=data["expires"],
            one_off=data["one_off"],
            paused_until=data[_PAUSE],
        )
        return row._replace(timing=was.timing, next_at=was.next_at) if was else row
