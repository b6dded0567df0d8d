"""Alert: a schedule that did not run on time."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Alert(models.Model):
    """Opened and closed by the leading keeper, which needs no beat for it; kept as the event that it was."""

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(
        "django_celery_beat.PeriodicTask",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="alerts",
    )
    name = models.TextField()  # of the schedule, as it was then
    reason = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)  # empty: it is so now

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "schedule", name="a_schedule_has_one_open_alert", condition=Q(closed_at=None)
            ),
        ]

    def __str__(self) -> str:
        """Name the schedule."""
        return self.name
