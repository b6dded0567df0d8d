"""Checks of the processes, by what they last wrote to the database, on the database's clock."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Max
from django.db.models.functions import Now

from apps.jobs.models import Duty, Worker
from apps.jobs.operating import alerts, engine
from apps.maintenance.health.finding import Finding, well, wrong
from apps.schedules.models.beat import Beat
from apps.schedules.models.plan import Plan

_KEEPER_SILENT = timedelta(seconds=20)
_BEAT_SILENT = timedelta(seconds=20)
_LATE = timedelta(seconds=30)


def workers() -> Finding:
    """Check that a worker lives, and that none went silent without a word."""
    dead_before = Now() - timedelta(seconds=settings.BACKLINE_DEAD_AFTER_S)
    listed = Worker.objects.filter(stopped_at=None)
    living = list(listed.filter(heartbeat_at__gte=dead_before))
    silent = list(listed.filter(heartbeat_at__lt=dead_before))
    if not living:
        return wrong("workers", "none is alive", "Run: make up (or celery -A config worker)")
    if silent:
        names = ", ".join(worker.name for worker in silent)
        return wrong("workers", f"silent: {names}", "A running keeper rescues their jobs; see that one runs.")
    slots = sum(worker.concurrency for worker in living)
    return well("workers", f"{len(living)} alive with {slots} slots")


def keeper() -> Finding:
    """Check that a keeper does its tasks without errors, those included for which jobs wait."""
    fresh = Duty.objects.filter(ran_at__gte=Now() - _KEEPER_SILENT)
    if not fresh.exists() and not engine.engine().has_keeper:
        return wrong("keeper", "none is at work", "Run: make up (or manage.py keeper)")
    failing = fresh.exclude(error="").first()
    if failing is not None:
        return wrong("keeper", f"{failing.name}: {failing.error}", "See the keeper's log.")
    hanging = Duty.objects.filter(name__in=["relay", alerts.DUTY], ran_at__lt=Now() - _KEEPER_SILENT).first()
    if hanging is not None:
        cause = engine.engine().silent(hanging.name)
        return wrong("keeper", cause.sentence.rstrip("."), cause.mend)
    leaders = fresh.values_list("keeper", flat=True).distinct().order_by("keeper")
    return well("keeper", f"{', '.join(leaders)} leads")


def beat() -> Finding:
    """Check that a beat lives."""
    latest = Beat.objects.filter(stopped_at=None).aggregate(at=Max("heartbeat_at"))["at"]
    living = Beat.objects.filter(stopped_at=None, heartbeat_at__gte=Now() - _BEAT_SILENT).count()
    if not living:
        since = f"silent since {latest:%Y-%m-%d %H:%M:%S} UTC" if latest else "none is alive"
        return wrong("beat", since, "Run: make up (or celery -A config beat)")
    return well("beat", f"{living} alive")


def schedules() -> Finding:
    """Check that no schedule is late and none was set aside."""
    enabled = Plan.objects.filter(schedule__enabled=True)
    ailing = enabled.exclude(problem="").select_related("schedule").first()
    if ailing is not None:
        return wrong(
            "schedules", f"{ailing.schedule.name}: {ailing.problem.rstrip('.')}", "Edit it in the admin."
        )
    late = enabled.filter(next_at__lt=Now() - _LATE).count()
    if late:
        return wrong("schedules", f"{late} late by more than 30 s", "See that a beat runs and its log.")
    return well("schedules", f"{enabled.count()} enabled, none late")
