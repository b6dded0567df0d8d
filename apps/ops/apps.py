"""Surfaces for staff: Flower behind the one login."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Registers the checks of the surfaces' addresses."""

    name = "apps.ops"

    def ready(self) -> None:
        """Load the checks, which need the settings."""
        from apps.ops import checks  # noqa: F401, PLC0415  # as Django asks
