"""Events: facts that job types and, through them, everybody else may listen to."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Registers the checks of listeners, and the keeper's duty to forget old facts."""

    name = "apps.events"

    def ready(self) -> None:
        """Load the checks, which need the registry of job types; give the keeper one more duty."""
        from apps.events import checks, prune  # noqa: F401, PLC0415  # models must be loaded first
        from apps.jobs.keeper import duties  # noqa: PLC0415

        duties.add(duties.Duty("prune facts", 60.0, prune.prune, busy_s=1.0))
