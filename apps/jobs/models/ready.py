"""Ready: the line in front of the broker."""

from typing import ClassVar

from django.db import models


class Ready(models.Model):
    """One waiting job's place in line; filled by a trigger on job, emptied by the relay."""

    pk = models.CompositePrimaryKey("queue", "lane", "rank", "id")
    queue = models.TextField()
    lane = models.TextField(default="")
    rank = models.DateTimeField()
    id = models.UUIDField()
    kind = models.TextField()
    alone = models.BooleanField(
        default=False
    )  # by rescue: its last bundle lost its worker; it may be the killer

    class Meta:
        managed = False  # made with its primary key and storage settings by the migrations
        db_table = "jobs_ready"
        ordering: ClassVar = ["queue", "lane", "rank", "id"]
