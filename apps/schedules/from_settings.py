"""Schedules from Celery's own CELERY_BEAT_SCHEDULE: brought into the tables once, where admins edit them."""

from collections.abc import Mapping
from typing import Any

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from apps.schedules.models.version import Version
from apps.schedules.start import REFUSALS
from apps.schedules.versions import record

_LOCK = 0x62656174  # "beat": two at once must not both make a schedule


def bring_in() -> list[str]:
    """Make the schedules that the setting names and that are not there; return a sentence for each.

    Those that are there stay: the table leads, as an admin may have edited it. One that cannot be made stops
    no other.
    """
    entries: Mapping[str, Mapping[str, Any]] = current_app.conf.beat_schedule or {}
    if not entries:
        return []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        known = set(PeriodicTask.objects.filter(name__in=list(entries)).values_list("name", flat=True))
        return [_make(name, entry) for name, entry in entries.items() if name not in known]


def _make(name: str, entry: Mapping[str, Any]) -> str:
    try:
        with transaction.atomic():
            ModelEntry.from_entry(name, app=current_app, **entry)
            record([PeriodicTask.objects.get(name=name).pk], Version.How.CODE)
    except (ValidationError, LookupError, AttributeError, *REFUSALS) as error:
        return f"{name}: CELERY_BEAT_SCHEDULE has it, but it cannot be made: {error}"
    return f"{name}: made from CELERY_BEAT_SCHEDULE; from here on it is edited in the admin."
