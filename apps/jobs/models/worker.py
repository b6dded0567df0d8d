"""Worker: a live `celery worker` process and its heartbeat."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Worker(models.Model):
    """One start of one worker; a restart is another row, so that ids never mean two processes."""

    id = models.AutoField(primary_key=True)  # drawn at random by the worker: see worker/registration.py
    name = models.TextField()  # Celery's node name
    hostname = models.TextField()
    pid = models.IntegerField()  # 0: a placeholder for a worker whose row is gone
    queues = ArrayField(models.TextField())
    concurrency = models.IntegerField()
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()  # by the worker's own thread, every 5 s
    has_lock = models.BooleanField(
        default=False, db_default=False
    )  # its session holds an advisory lock, which goes with the session: free means dead
    stopped_at = models.DateTimeField(null=True)  # by a clean stop, or by the rescue that found it dead
    version = models.TextField(default="", db_default="")  # of Backline, for the evidence of what died there
    kinds = ArrayField(
        models.TextField(), default=list, db_default=[]
    )  # the job types it knows: a kind that no live worker knows is buried
    reads = models.JSONField(
        null=True
    )  # up to which version of a kind's arguments, where not 1; null: its release does not say

    now: datetime  # the database's clock, where a list reads it along
    running: str = ""  # what it runs, where a list reads that along

    class Meta:
        ordering: ClassVar = ["-started_at", "-id"]

    def __str__(self) -> str:
        """Name the worker as Flower does."""
        return self.name
