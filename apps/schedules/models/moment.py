"""Moment: one time of a schedule, and what came of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.lib import words


class Moment(models.Model):
    """The proof that a schedule's moment was taken, in the transaction that inserted its job or let it pass.

    It outlives its schedule: history does not go when somebody deletes a row.
    """

    class Outcome(models.TextChoices):
        """What came of it."""

        RAN = "ran", "ran"
        BY_HAND = "by hand", "run by hand"
        MISSED = "missed", "missed, skipped"
        OVERLAPPED = "overlapped", "skipped: previous run still running"
        WAITS = "waits", "waits for the previous run"
        ASKED = "asked", "missed, to decide"
        DECLINED = "declined", "missed, declined"

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(
        "django_celery_beat.PeriodicTask",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="moments",
    )
    at = models.DateTimeField("scheduled for")
    fired_at = models.DateTimeField("started at")
    beat = models.TextField()  # host and pid of the one that took it
    job_id = models.UUIDField(null=True)  # empty without a job, and for a Celery task that is no job type
    missed_since = models.DateTimeField(
        null=True
    )  # the first of the moments that nobody took before this one
    outcome = models.TextField(choices=Outcome, db_default=Outcome.RAN)

    class Meta:
        verbose_name = "run"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint("schedule", "at", name="a_schedule_takes_each_moment_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                "outcome", "id", name="moment_undecided", condition=Q(outcome__in=["waits", "asked"])
            ),
        ]

    def __str__(self) -> str:
        """Name the run in headings by the time it was scheduled for."""
        return f"run scheduled for {words.whole(timezone.localtime(self.at))}"
