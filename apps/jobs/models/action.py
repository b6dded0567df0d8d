"""Action: what a person did to jobs, queues or dead letters."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Action(models.Model):
    """One entry of the audit log; append-only."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    actor_name = models.TextField("person")  # as it was then; "shell" for a command
    verb = models.TextField("action")  # cancel, replay, discard, pause, resume, ...
    subject = models.TextField()  # what it was done to: a job's id, a queue, a filter in words
    count = models.IntegerField("jobs changed", default=1)  # how many jobs it changed
    reason = models.TextField(default="")
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = "audit log entry"
        verbose_name_plural = "audit log"
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index("subject", "id", name="action_by_subject")]

    def __str__(self) -> str:
        """Name the action in headings."""
        return f"{self.verb}: {self.subject}"
