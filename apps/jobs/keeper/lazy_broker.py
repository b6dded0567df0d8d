"""One connection to the broker, opened when a duty first needs it and again after trouble."""

from collections.abc import Callable
from contextlib import ExitStack

from kombu import Producer

from apps.jobs.messages import broker


class LazyBroker:
    """What the duties publish with."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._producer: Producer | None = None

    def use(self, publish: Callable[[Producer], int]) -> int:
        """Call it with something to publish with; raise BrokerAway, and connect anew the next time."""
        try:
            if self._producer is None:
                self._producer = self._open.enter_context(broker.connected())
            return publish(self._producer)
        except broker.BrokerAway:
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection."""
        self._producer = None
        self._open.close()
