"""What a worker tells Flower: each event is tried once.  Named by LedgerCelery.

Celery would try a worker's heartbeat again for as long as the broker is away, and hold the lock that the
worker needs to say goodbye: told to stop meanwhile, it would never end.
"""

from typing import Any

from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher


class TriedOnce(EventDispatcher):
    """Celery's dispatcher of events, without second attempts."""

    def send(self, type: str, *args: Any, **fields: Any) -> None:  # noqa: A002  # Celery's name
        """Send an event, or drop it."""
        super().send(type, *args, **fields | {"retry": False})


class WorkerEvents(Events):
    """Celery's events, sent by our dispatcher."""

    dispatcher_cls = "apps.jobs.worker_events:TriedOnce"
