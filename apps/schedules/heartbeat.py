"""The register of beats: sign on, beat, sign off, and who lives."""

import os
import socket
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from apps.schedules import sql
from apps.schedules.models.beat import Beat


def name() -> str:
    """Name this process as moments and the register do."""
    return f"{socket.gethostname()}:{os.getpid()}"


def sign_on() -> int:
    """Write this beat down and return its id."""
    return Beat.objects.create(name=name(), started_at=Now(), heartbeat_at=Now()).id


def say(beat_id: int) -> bool:
    """Say that a beat lives; losing this in a crash of the database costs nothing. False: it has no row."""
    return bool(sql.run("beat", {"id": beat_id, "name": name()}))


def sign_off(beat_id: int) -> None:
    """Say that a beat stopped on purpose."""
    Beat.objects.filter(pk=beat_id, stopped_at=None).update(stopped_at=Now())


def living() -> QuerySet[Beat]:
    """Return the beats that spoke lately."""
    patience = timedelta(seconds=settings.BACKLINE_DEAD_AFTER_S)
    return Beat.objects.filter(stopped_at=None, heartbeat_at__gt=Now() - patience)
