"""Write a document into django-celery-beat's tables and the policy beside them."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django_celery_beat.models import PeriodicTask

from apps.schedules.arguments import as_text
from apps.schedules.models.policy import Policy
from apps.schedules.models.version import Version
from apps.schedules.timing_rows import clocked_row, crontab_row, interval_row, solar_row
from apps.schedules.versions import record
from apps.schedules.wanted import BadDocument, Wanted

_SAME = (
    *("name", "task", "enabled", "description", "start_time", "expires", "one_off"),
    *("queue", "exchange", "routing_key", "priority", "expire_seconds"),
)
_POLICY = ("missed", "missed_cap", "overlap", "jitter_s", "paused_until", "max_runs")


def write(wanted: Wanted, schedule_id: int | None, how: Version.How, *, by: str) -> int:
    """Let a schedule say what is wanted, or make one that does; return its id.

    In one transaction, with a version before it where nobody had noticed an edit. An id that is free, since
    its schedule was deleted, is taken again, so that the history is its own. Raise BadDocument when another
    schedule has the name.
    """
    with transaction.atomic():
        if schedule_id is not None:
            record([schedule_id], Version.How.ELSEWHERE)
        schedule = PeriodicTask.objects.filter(pk=schedule_id).first() or PeriodicTask(pk=schedule_id)
        for name in _SAME:
            setattr(schedule, name, getattr(wanted, name))
        for name in ("args", "kwargs", "headers"):
            setattr(schedule, name, as_text(getattr(wanted, name)))
        try:
            _set_timing(schedule, wanted)
            schedule.save()
        except ValidationError as error:
            raise BadDocument(" ".join(error.messages)) from None
        _set_policy(schedule.pk, wanted)
        record([schedule.pk], how, by=by)
    return int(schedule.pk)


def _set_timing(schedule: PeriodicTask, wanted: Wanted) -> None:
    schedule.crontab = schedule.interval = schedule.clocked = schedule.solar = None
    if wanted.cron is not None:
        schedule.crontab = crontab_row(wanted.cron, wanted.zone)
    elif wanted.every is not None:
        schedule.interval = interval_row(*wanted.every)
    elif wanted.at is not None:
        schedule.clocked, schedule.one_off = clocked_row(wanted.at), True
    elif wanted.solar is not None:
        schedule.solar = solar_row(*wanted.solar)


def _set_policy(schedule_id: int, wanted: Wanted) -> None:
    """Keep a row only where it says something."""
    decided = {name: getattr(wanted, name) for name in _POLICY}
    if all(value == Wanted.model_fields[name].default for name, value in decided.items()):
        Policy.objects.filter(pk=schedule_id).delete()
    else:
        Policy.objects.update_or_create(schedule_id=schedule_id, defaults=decided)
