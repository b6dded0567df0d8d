"""Duplicate a schedule: the copy says the same under another name, and is switched off."""

from django.db import transaction
from django_celery_beat.models import PeriodicTask

from apps.schedules.document import describe
from apps.schedules.models.version import Version
from apps.schedules.row import read
from apps.schedules.wanted import read_document
from apps.schedules.write import write

_LONGEST_NAME = 200


def duplicate(schedule_id: int, *, by: str) -> int:
    """Make a copy and return its id; raise BadDocument when the schedule itself could not run."""
    with transaction.atomic():
        [row] = read([schedule_id])
        document = describe(row) | {"name": _free_name(row.name), "enabled": False}
        return write(read_document(document), None, Version.How.ADMIN, by=by)


def _free_name(name: str) -> str:
    """Return the first of "NAME copy", "NAME copy 2" and so on that is free."""
    stem = name[: _LONGEST_NAME - len(" copy 9999")]
    taken = set(PeriodicTask.objects.filter(name__startswith=f"{stem} copy").values_list("name", flat=True))
    names = (f"{stem} copy" if number == 1 else f"{stem} copy {number}" for number in range(1, 10_000))
    return next(name for name in names if name not in taken)
