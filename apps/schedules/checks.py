"""System checks of declared schedules: `manage.py check` finds a line that cannot run."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from apps.jobs import registry
from apps.schedules.crontab import BadCrontab, parse_line


@register()
def check_declared_schedules(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:  # noqa: ARG001  # Django's signature
    """Refuse job types whose cron line or time zone makes no sense."""
    errors: list[CheckMessage] = []
    for kind, task in sorted(registry.kinds().items()):
        try:
            if task.cron is not None:
                parse_line(task.cron, task.cron_timezone)
        except BadCrontab as error:
            hint = "Fix cron= or timezone= in its @job."
            errors.append(Error(f"Job type {kind}: {error}", hint=hint, id="schedules.E001"))
    return errors
