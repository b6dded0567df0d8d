"""Alert: one reason for which jobs do not start, or may not soon."""

from typing import ClassVar

from django.db import models


class Alert(models.Model):
    """A cause that holds, or held until lately; written and deleted by the keeper's duty `watch health`."""

    id = models.BigAutoField(primary_key=True)
    reason = models.TextField()
    queue = models.TextField(default="")
    kind = models.TextField(default="")
    sentence = models.TextField()
    mend = models.TextField()
    jobs = models.IntegerField(default=0)  # that wait for it, as far as they were counted
    oldest_at = models.DateTimeField(null=True)  # when the oldest of them was enqueued
    since = models.DateTimeField()  # when the keeper saw it first
    absent_since = models.DateTimeField(null=True)  # first look without it; empty: the latest look found it
    opened_at = models.DateTimeField(null=True)  # when it was reported: it had lasted for a while

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint("reason", "queue", "kind", name="a_cause_has_one_alert")
        ]

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence
