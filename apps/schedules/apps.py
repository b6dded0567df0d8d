"""Schedules: django-celery-beat's tables decide when, beat inserts the jobs."""

from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    """Registers the checks of declared schedules, and the keeper's duty to watch over all."""

    name = "apps.schedules"

    def ready(self) -> None:
        """Load the checks, which need the registry of job types; give the keeper one more duty."""
        from apps.jobs.keeper import duties  # noqa: PLC0415  # models must be loaded first
        from apps.schedules import checks, watch  # noqa: F401, PLC0415

        duties.add(duties.Duty("watch schedules", 5.0, watch.watch))
