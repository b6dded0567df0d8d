"""Bundle: the window; one row for each message in the broker or in a worker's hands."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.lib.ids import new_id


class Bundle(models.Model):
    """The ids that one broker message carries.

    Written when the message is published, untouched by claim, deleted with the
    finish: through it a dead worker's jobs and lost messages are found without
    reading the waiting ones.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    queue = models.TextField()
    kind = models.TextField()
    published_at = models.DateTimeField()  # by relay and re-publish: when it was last handed to the broker
    tries = models.SmallIntegerField("times sent", default=1)  # by re-publish: how often
    ids = ArrayField(models.UUIDField(), verbose_name="jobs")

    class Meta:
        verbose_name = "message"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ids__len__gte=1, ids__len__lte=500), name="bundle_has_1_to_500_jobs"
            )
        ]

    def __str__(self) -> str:
        """Name the message in headings by its id at the broker."""
        return f"message {self.id}"
