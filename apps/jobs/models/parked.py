"""Parked: waiting jobs of a paused kind, out of the way of the others in their line."""

from typing import ClassVar

from django.db import models


class Parked(models.Model):
    """A place in line that is kept until the kind is resumed."""

    id = models.UUIDField(primary_key=True)
    queue = models.TextField()
    lane = models.TextField(default="", db_default="")
    rank = models.DateTimeField()
    kind = models.TextField()
    alone = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes: ClassVar = [models.Index("kind", "id", name="parked_by_kind")]
