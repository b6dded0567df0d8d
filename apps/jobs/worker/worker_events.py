"""What a worker tells Flower: many events in one message, each tried once.  Named by LedgerCelery.

Celery would try a worker's heartbeat again for as long as the broker is away, and hold the lock that the
worker needs to say goodbye: told to stop meanwhile, it would never end.
"""

from typing import Any

from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher

_MOST_KEPT = 300  # events; Celery keeps 24 back, then a busy worker speaks all the time


class TriedOnce(EventDispatcher):
    """Celery's dispatcher of events, without second attempts."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what Celery's dispatcher takes."""
        super().__init__(*args, **options | {"buffer_limit": _MOST_KEPT})

    def send(self, type: str, *args: Any, **fields: Any) -> None:  # noqa: A002  # Celery's name
        """Send an event, or drop it."""
        super().send(type, *args, **fields | {"retry": False})


class WorkerEvents(Events):
    """Celery's events, sent by our dispatcher."""

    dispatcher_cls = "apps.jobs.worker.worker_events:TriedOnce"
