"""The Celery class of this project; importable before Django is set up."""

import django
from celery import Celery


class LedgerCelery(Celery):
    """A Celery application whose workers speak to the ledger."""

    @property
    def Worker(self) -> type:  # noqa: N802  # Celery's name
        """Return the worker class that `celery worker` starts."""
        django.setup()  # Celery would do so a moment later
        # by name: its module needs Django's models
        return self.subclass_with_self("apps.jobs.worker:LedgerWorker")  # type: ignore[arg-type]  # or a name
