"""Moment: one time at which a schedule ran."""

from typing import ClassVar

from django.db import models


class Moment(models.Model):
    """The proof that a schedule's moment was taken, in the transaction that inserted its job.

    It outlives its schedule: history does not go when somebody deletes a row.
    """

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(
        "django_celery_beat.PeriodicTask",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="moments",
    )
    at = models.DateTimeField()
    fired_at = models.DateTimeField()
    beat = models.TextField()  # host and pid of the one that took it
    job_id = models.UUIDField(null=True)  # empty for a Celery task that is not one of our job types
    missed_since = models.DateTimeField(
        null=True
    )  # the first of the moments that nobody took before this one

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint("schedule", "at", name="a_schedule_takes_each_moment_once"),
        ]
