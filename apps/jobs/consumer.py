"""A consumer that comes back within seconds of its broker, however long that was away."""

from functools import partial

from celery.worker.consumer import Consumer
from kombu import Connection


class LedgerConsumer(Consumer):
    """Celery's consumer, with short pauses between its attempts to connect.

    Celery's grow by two seconds each time, up to thirty: a worker that started before its broker beat for ten
    seconds without taking a job, and after an outage of minutes it would do so for half a minute.
    """

    def ensure_connected(self, conn: Connection) -> Connection:
        """Connect, as often as it takes."""
        conn.ensure_connection = partial(  # type: ignore[method-assign]  # Celery passes no pauses
            conn.ensure_connection, interval_start=1, interval_step=1, interval_max=2
        )
        return super().ensure_connected(conn)
