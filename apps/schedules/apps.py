"""Schedules: django-celery-beat's tables decide when, beat inserts the jobs."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from apps.lib.readable_times import read_all_times


class SchedulesConfig(AppConfig):
    """Registers the checks of declared schedules, and the keeper's duty to watch over all."""

    name = "apps.schedules"

    def ready(self) -> None:
        """Load the checks, which need the registry of job types; give the keeper one more duty."""
        from apps.jobs.keeper import duties  # noqa: PLC0415  # models must be loaded first
        from apps.schedules import checks, near, watch  # noqa: F401, PLC0415

        connection_created.connect(read_all_times, dispatch_uid="read_all_times")
        near.refuse_far_times_in_models()
        duties.add(duties.Duty("watch schedules", 5.0, watch.watch))
