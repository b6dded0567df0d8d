"""When a schedule runs, as somebody types it: a crontab line, an interval or a moment."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils import timezone
from django.utils.html import format_html
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from apps.lib.readable_times import is_edge
from apps.schedules.crontab import BadCrontab, parse_line, spelled_out
from apps.schedules.near import FAR, is_far
from apps.schedules.row import Row
from apps.schedules.timing import Untimely, interval_of
from apps.schedules.timing_rows import FIELDS, clocked_row, crontab_row, interval_row, line_of

_MOST = 2_147_483_647  # PostgreSQL's integer


@cache
def _zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(available_timezones())]


class WhenFields(forms.Form):
    """A crontab line and its zone, an interval, or a moment."""

    cron = forms.CharField(
        label="Crontab line",
        required=False,
        max_length=500,
        help_text=format_html(
            "{}<output data-words></output>",
            "Minute, hour, day of month, month, day of week: 30 2 * * 1-5. Or @daily, @hourly, @weekly."
            " Both day fields must match.",
        ),
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
    every = forms.IntegerField(
        label="Or every",
        required=False,
        min_value=1,
        max_value=_MOST,
        help_text="Every N units, counted from the start time.",
    )
    period = forms.ChoiceField(
        label="Unit",
        required=False,
        choices=[(name, name) for name in ("minutes", "hours", "days", "seconds", "microseconds")],
    )
    at = forms.SplitDateTimeField(
        label="Or once, at",
        required=False,
        widget=AdminSplitDateTime,
        help_text="A time in the past runs immediately.",
    )

    def clean_cron(self) -> str:
        """Return the line as five fields with single blanks between them."""
        return spelled_out(str(self.cleaned_data["cron"]))

    def clean_when(self) -> Row:
        """Return what is typed as a row that says when and nothing else; complain where it cannot run."""
        data = self.cleaned_data
        row = Row(crontab=self._clean_line(data), clocked_time=data.get("at"))
        if data.get("every") is None:
            return row
        row = row._replace(every=data["every"], period=data.get("period") or "minutes")
        try:
            interval_of(row)
        except Untimely as error:
            self.add_error("every", str(error))
        return row

    def _clean_line(self, data: dict[str, Any]) -> list[str] | None:
        line, zone = data.get("cron"), data.get("zone") or settings.TIME_ZONE
        if not line:
            return None
        try:
            first = parse_line(line, zone).first_after(timezone.now())
        except BadCrontab as error:
            self.add_error("cron", str(error))
            return None
        if first is None:
            self.add_error("cron", "No day in the next 40 years matches this line.")
        return [*line.split(), zone]


class ShownWhen:
    """The same for those who may only look."""

    def cron(self, schedule: PeriodicTask) -> str:
        """Return the crontab line."""
        return line_of(schedule.crontab) if schedule.crontab else ""

    def zone(self, schedule: PeriodicTask) -> str:
        """Return the zone of the line."""
        return str(schedule.crontab.timezone) if schedule.crontab else ""

    def every(self, schedule: PeriodicTask) -> int | None:
        """Return how many of its periods an interval takes."""
        return schedule.interval.every if schedule.interval else None

    def period(self, schedule: PeriodicTask) -> str:
        """Return the period of an interval."""
        return str(schedule.interval.period) if schedule.interval else ""

    def at(self, schedule: PeriodicTask) -> datetime | None:
        """Return the moment of a schedule that runs once."""
        return schedule.clocked.clocked_time if schedule.clocked else None


def refuse_far_times(form: forms.BaseForm) -> None:
    """Complain about each time that is more than a hundred years away, unless it was stored already."""
    for name, moment in list(form.cleaned_data.items()):
        if is_far(moment) and (name in form.changed_data or is_edge(moment)):
            form.add_error(name, FAR)


def typed(schedule: PeriodicTask) -> dict[str, object]:
    """Return what the fields show of a stored schedule."""
    found: dict[str, object] = {}
    if schedule.crontab is not None:
        found |= {"cron": line_of(schedule.crontab), "zone": str(schedule.crontab.timezone)}
    if schedule.interval is not None:
        found |= {"every": schedule.interval.every, "period": schedule.interval.period}
    if schedule.clocked is not None:
        found["at"] = schedule.clocked.clocked_time
    return found


def lay(row: Row, schedule: PeriodicTask, *, is_bad_line: bool) -> None:
    """Lay a timing on a schedule without saving it, so that the model sees which it has.

    A line that cannot run is a timing too: no other is missing.
    """
    schedule.crontab = CrontabSchedule() if is_bad_line else None
    if row.crontab is not None:
        *line, zone = row.crontab
        schedule.crontab = CrontabSchedule(**dict(zip(FIELDS, line, strict=True)), timezone=zone)
    interval = IntervalSchedule(every=row.every, period=row.period)
    schedule.interval = interval if row.every is not None else None
    moment = ClockedSchedule(clocked_time=row.clocked_time)
    schedule.clocked = moment if row.clocked_time is not None else None


def keep(schedule: PeriodicTask) -> None:
    """Give a schedule the rows of what was laid on it."""
    if schedule.crontab is not None:
        schedule.crontab = crontab_row(line_of(schedule.crontab), str(schedule.crontab.timezone))
    if schedule.interval is not None:
        schedule.interval = interval_row(schedule.interval.every, schedule.interval.period)
    if schedule.clocked is not None:
        schedule.clocked = clocked_row(schedule.clocked.clocked_time)
