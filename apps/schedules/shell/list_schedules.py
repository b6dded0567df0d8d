"""`schedules list`: how every schedule stands and when it runs next."""

from argparse import ArgumentParser, Namespace
from datetime import datetime

from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.jobs.shell.answer import Answer, table
from apps.schedules.document import describe
from apps.schedules.preview import next_run
from apps.schedules.row import Row, read
from apps.schedules.standing import standing

HELP = "List schedules: how each stands and when it runs next."
_FIELDS = ("id", "name", "state", "next_at", "task", "more")


def arguments(parser: ArgumentParser) -> None:
    """Take a name, or part of one."""
    parser.add_argument("--name", default="", help="only schedules with this in their name")


def run(options: Namespace) -> Answer:
    """List them by name."""
    chosen = PeriodicTask.objects.filter(name__icontains=options.name).values_list("pk", flat=True)
    rows = sorted(read(list(chosen)), key=lambda row: row.name)
    now = timezone.now()
    data = [_said(row, now) | {"document": describe(row)} for row in rows]
    text = (
        table(_FIELDS, ([said[field] for field in _FIELDS] for said in data))
        if data
        else "No schedule matches."
    )
    return Answer({"schedules": data}, text)


def _said(row: Row, now: datetime) -> dict[str, object]:
    word, more = standing(row, now)
    return dict(zip(_FIELDS, (row.id, row.name, word, next_run(row, now), row.task, more), strict=True))
