"""Batch: a job that starts when those that were enqueued with it have ended."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Batch(models.Model):
    """One job that sleeps until its children have ended: they name it as their parent."""

    job_id = models.UUIDField(primary_key=True)
    look_at = models.DateTimeField(db_default=Now())  # when the keeper looks again
    looks = models.SmallIntegerField(default=0, db_default=0)  # each a little later than the one before
    place = models.UUIDField(null=True)  # of its children, where the next look begins; empty: at the first
    is_sure = models.BooleanField(
        default=True, db_default=True
    )  # from the first to here none was alive just now
    # A number for the ends that this way met so far: another job, or another end of one, makes it another.
    met = models.BigIntegerField(default=0, db_default=0)
    met_before = models.BigIntegerField(null=True)  # by the way before, if none was alive

    class Meta:
        indexes: ClassVar = [models.Index("look_at", name="batch_by_look_at")]
