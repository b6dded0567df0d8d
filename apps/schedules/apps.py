"""Schedules: django-celery-beat's tables decide when, beat inserts the jobs."""

from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    """Registers the checks of declared schedules."""

    name = "apps.schedules"

    def ready(self) -> None:
        """Load the checks, which need the registry of job types."""
        from apps.schedules import checks  # noqa: F401, PLC0415  # models must be loaded first
