"""What is kept of events."""

from apps.events.models.delivery import Delivery
from apps.events.models.fact import Fact

__all__ = ["Delivery", "Fact"]
