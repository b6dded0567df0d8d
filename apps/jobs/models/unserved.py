"""Unserved: kinds that a worker lately claimed and could not read."""

from typing import ClassVar

from django.db import models


class Unserved(models.Model):
    """One kind of one queue, written by set-aside; its jobs sleep meanwhile and stand in no queue."""

    pk = models.CompositePrimaryKey("queue", "kind", "reason")
    queue = models.TextField()
    kind = models.TextField()
    reason = models.TextField()  # UnknownKind or NewerVersion
    last_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["queue", "kind", "reason"]
