"""Beat: a live `celery beat` process and its heartbeat."""

from typing import ClassVar

from django.db import models


class Beat(models.Model):
    """One start of one beat."""

    id = models.AutoField(primary_key=True)
    name = models.TextField()  # host and pid
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()  # every 5 s, by the same loop that fires
    stopped_at = models.DateTimeField(null=True)  # by a clean stop

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        """Name the beat as its moments do."""
        return self.name
