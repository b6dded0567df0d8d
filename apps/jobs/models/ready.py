"""Ready: the line in front of the broker."""

from typing import ClassVar

from django.db import models


class Ready(models.Model):
    """One waiting job's place in line; filled by a trigger on job, emptied by the relay."""

    pk = models.CompositePrimaryKey("queue", "rank", "id")
    queue = models.TextField()
    rank = models.DateTimeField()
    id = models.UUIDField()
    kind = models.TextField()

    class Meta:
        managed = False  # made with its primary key and storage settings in the first migration
        db_table = "jobs_ready"
        ordering: ClassVar = ["queue", "rank", "id"]
