"""A crontab line and the row that django-celery-beat keeps it in."""

from django_celery_beat.models import CrontabSchedule

FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def crontab_row(line: str, timezone: str) -> CrontabSchedule:
    """Return a row of these five fields, made when there is none: schedules share them."""
    fields = dict(zip(FIELDS, line.split(), strict=True)) | {"timezone": timezone}
    return CrontabSchedule.objects.filter(**fields).first() or CrontabSchedule.objects.create(**fields)


def line_of(row: CrontabSchedule) -> str:
    """Return the line as it stands in a crontab file."""
    return " ".join(str(getattr(row, field)) for field in FIELDS)
