"""Times of schedules are near: within a hundred years of today, so that every part can compute with them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeGuard

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.signals import pre_save
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, PeriodicTask

from apps.schedules.models.policy import Policy
from apps.schedules.timing import LONGEST

FAR: Final = "This time is more than 100 years away. Enter one that is closer to today."
_TIMES: Final[Mapping[type[Model], tuple[str, ...]]] = {
    PeriodicTask: ("start_time", "expires"),
    ClockedSchedule: ("clocked_time",),
    Policy: ("paused_until",),
}


def near(moment: datetime) -> datetime:
    """Return a time that is near; raise ValueError for another."""
    if abs(moment - timezone.now()) > LONGEST:
        raise ValueError(FAR)
    return moment


def is_far(moment: object) -> TypeGuard[datetime]:
    """Say whether a value is a time that is not near."""
    return (
        isinstance(moment, datetime) and timezone.is_aware(moment) and abs(moment - timezone.now()) > LONGEST
    )


def refuse_far_times_in_models() -> None:
    """Let no model be saved with a new time that is far."""
    for model in _TIMES:
        pre_save.connect(_refuse_far, sender=model, dispatch_uid="near")


def _refuse_far(sender: type[Model], instance: Model, *, raw: bool = False, **_: object) -> None:
    """Refuse what this save changes: a schedule that is old enough to hold one can still be switched off."""
    far = {name: value for name in _TIMES[sender] if is_far(value := getattr(instance, name))}
    if not far or raw:
        return
    stored: dict[str, Any] = sender._default_manager.filter(pk=instance.pk).values(*far).first() or {}
    if new := [name for name, value in far.items() if stored.get(name) != value]:
        raise ValidationError(dict.fromkeys(new, FAR))
