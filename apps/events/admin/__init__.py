"""Facts in the Django admin."""

from apps.events.admin import fact

__all__ = ["fact"]
