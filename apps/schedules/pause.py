"""Pause schedules until a time, and let them go on."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from apps.schedules.models.policy import Policy
from apps.schedules.models.version import Version
from apps.schedules.versions import record


def pause(ids: Collection[int], until: datetime, *, by: str) -> int:
    """Let the moments of these schedules pass until then; return how many schedules that changed."""
    with transaction.atomic():
        record(ids, Version.How.ELSEWHERE)
        paused = [Policy(schedule_id=pk, paused_until=until) for pk in ids]
        Policy.objects.bulk_create(
            paused, update_conflicts=True, unique_fields=["schedule"], update_fields=["paused_until"]
        )
        return record(ids, Version.How.ADMIN, by=by)


def resume(ids: Collection[int], *, by: str) -> int:
    """Let these schedules go on with their next moment; return how many were paused."""
    with transaction.atomic():
        record(ids, Version.How.ELSEWHERE)
        Policy.objects.filter(pk__in=list(ids)).update(paused_until=None)
        return record(ids, Version.How.ADMIN, by=by)
