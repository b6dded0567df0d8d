"""The ledger: every job is a row, and this app moves it."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Finds the job types when Django starts."""

    name = "apps.jobs"

    def ready(self) -> None:
        """Import every job type under JOB_MODULES, so that each is a Celery task in every process."""
        from apps.jobs import checks, discovery  # noqa: F401, PLC0415  # models must be loaded first

        discovery.discover()
