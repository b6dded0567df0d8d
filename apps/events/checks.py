"""System checks of listeners: `manage.py check` finds one that cannot be given its event."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from apps.events.listeners import faults
from apps.jobs import registry


@register()
def check_listeners(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:  # noqa: ARG001  # Django's signature
    """Refuse job types that do not fit the event they listen to: who emits it must not have to know."""
    hint = "Name the arguments as the event's fields, with their types, and give others a default."
    return [
        Error(f"Job type {kind}: {fault}", hint=hint, id="events.E001")
        for kind, task in sorted(registry.kinds().items())
        for fault in faults(task)
    ]
