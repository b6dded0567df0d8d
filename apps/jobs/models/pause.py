"""Pause: a queue or a kind of which nothing new may start."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Pause(models.Model):
    """Somebody stopped a queue or a kind, until a time or until it is resumed."""

    class Scope(models.TextChoices):
        """What is paused."""

        QUEUE = "queue"
        KIND = "kind"

    pk = models.CompositePrimaryKey("scope", "name")
    scope = models.TextField(choices=Scope.choices)
    name = models.TextField()
    until = models.DateTimeField(null=True)  # empty: until somebody resumes it
    reason = models.TextField(default="", db_default="")
    paused_at = models.DateTimeField()
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        permissions: ClassVar = [("pause_queue", "Can pause and resume queues and kinds")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(scope__in=["queue", "kind"]), name="pause_stops_a_queue_or_a_kind"
            )
        ]
