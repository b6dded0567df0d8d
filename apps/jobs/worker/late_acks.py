"""Keep late acknowledgement for plain tasks on Redis, where messages of jobs go without.

`ack_emulation` is an option of a whole connection, and costs two thirds of the speed: the ledger covers jobs,
so it is off. A plain task with `acks_late` has nothing but its message. This channel writes such a message
down in Redis while it runs, as Celery's own does with every message.
"""

from typing import Any

from celery import current_app
from kombu import Connection
from kombu.transport import redis, virtual

from apps.jobs.task import JobTask


def keep_for_plain_tasks(connection: Connection) -> None:
    """Have a worker's connection to Redis open such channels; it opened none yet."""
    transport = connection.transport
    if isinstance(transport, redis.Transport):
        transport.Channel = Channel


class QoS(redis.QoS):
    """The unacknowledged messages of one channel: those of late tasks in Redis, the others in memory."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Keep none yet."""
        super().__init__(*args, **options)
        self._kept: set[str] = set()

    def append(self, message: Any, delivery_tag: Any) -> None:
        """Write down a message that is acknowledged late."""
        if _is_late(message):
            self._kept.add(delivery_tag)
            super().append(message, delivery_tag)
        else:
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: Any) -> None:
        """Take an acknowledged message out."""
        if delivery_tag in self._kept:
            self._kept.discard(delivery_tag)
            super().ack(delivery_tag)
        else:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """Drop a rejected message, or put it back."""
        if delivery_tag in self._kept:
            self._kept.discard(delivery_tag)
            super().reject(delivery_tag, requeue=requeue)
        else:
            virtual.QoS.reject(self, delivery_tag, requeue=requeue)

    def restore_unacked(self, client: Any = None) -> Any:
        """Put back what nobody acknowledged."""
        for tag in self._kept:
            self.restore_by_tag(tag, client=client)
            if self._delivered is not None:
                self._delivered.pop(tag, None)
        self._kept.clear()
        return virtual.QoS.restore_unacked(self)


class Channel(redis.Channel):
    """A channel to Redis without acknowledgements but those of late tasks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Replace what `ack_emulation: False` chose."""
        super().__init__(*args, **options)
        if self.QoS is virtual.QoS:
            self.QoS = QoS


def _is_late(message: Any) -> bool:
    headers = message.headers or {}
    if "jobs" in headers:
        return False
    task = current_app.tasks.get(str(headers.get("task")))
    return task is not None and bool(task.acks_late) and not isinstance(task, JobTask)
