"""Maintenance: backups, clean-ups, and whether the installation is well."""

from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    """Gives the keeper the task to watch over the installation, and processes the alerts to answer with."""

    name = "apps.maintenance"

    def ready(self) -> None:
        """Add the task; it needs the models."""
        from apps.jobs.keeper import duties  # noqa: PLC0415  # models must be loaded first
        from apps.jobs.operating import alerts  # noqa: PLC0415
        from apps.maintenance.health import probe, watch  # noqa: PLC0415

        probe.listen()
        duties.add_upkeep(duties.Duty(alerts.DUTY, 5.0, watch.watch))
