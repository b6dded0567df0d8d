"""The rows that django-celery-beat keeps timings in; schedules of one timing share one."""

from datetime import datetime
from typing import TypeVar

from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule

FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")

_Timing = TypeVar("_Timing", CrontabSchedule, IntervalSchedule, ClockedSchedule, SolarSchedule)


def crontab_row(line: str, timezone: str) -> CrontabSchedule:
    """Return the row of a crontab line in its zone, made when there is none."""
    fields = dict(zip(FIELDS, line.split(), strict=True))
    return _row(CrontabSchedule, **fields, timezone=timezone)


def interval_row(every: int, period: str) -> IntervalSchedule:
    """Return the row of an interval, made when there is none."""
    return _row(IntervalSchedule, every=every, period=period)


def clocked_row(at: datetime) -> ClockedSchedule:
    """Return the row of a moment, made when there is none."""
    return _row(ClockedSchedule, clocked_time=at)


def solar_row(event: str, latitude: object, longitude: object) -> SolarSchedule:
    """Return the row of what the sun does at a place, made when there is none."""
    return _row(SolarSchedule, event=event, latitude=latitude, longitude=longitude)


def line_of(row: CrontabSchedule) -> str:
    """Return the line as it stands in a crontab file."""
    return " ".join(str(getattr(row, field)) for field in FIELDS)


def _row(model: type[_Timing], **fields: object) -> _Timing:
    return model.objects.filter(**fields).first() or model.objects.create(**fields)
