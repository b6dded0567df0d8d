"""Events: facts that job types and, through them, everybody else may listen to."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Refuses listeners that do not fit, and gives the keeper the duty to forget old facts."""

    name = "apps.events"

    def ready(self) -> None:
        """Check listeners, in every process; give the keeper one more duty."""
        from apps.events import listeners, prune  # noqa: PLC0415  # models must be loaded first
        from apps.jobs.keeper import duties  # noqa: PLC0415

        listeners.check()
        duties.add_upkeep(duties.Duty("prune facts", 60.0, prune.prune, busy_s=1.0))
