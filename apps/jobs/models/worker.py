"""Worker: a live `celery worker` process and its heartbeat."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Worker(models.Model):
    """One start of one worker; a restart is another row, so that ids never mean two processes."""

    id = models.AutoField(primary_key=True)
    name = models.TextField()  # Celery's node name
    hostname = models.TextField()
    pid = models.IntegerField()
    queues = ArrayField(models.TextField())
    concurrency = models.IntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()  # by the worker's own thread, every 5 s
    stopped_at = models.DateTimeField(null=True)  # by a clean stop, or by the rescue that found it dead

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        """Name the worker as Flower does."""
        return self.name
