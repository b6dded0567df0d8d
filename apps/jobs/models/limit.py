"""Slot and Bucket: what limits count."""

from typing import ClassVar

from django.db import models


class Slot(models.Model):
    """A job that holds one of its key's places; taken when it is relayed, freed when it leaves the worker."""

    job_id = models.UUIDField(primary_key=True)
    key = models.TextField()
    taken_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index("key", name="slot_by_key")]


class Bucket(models.Model):
    """How many jobs of a key may start now; it fills up again with time."""

    key = models.TextField(primary_key=True)
    tokens = models.FloatField()
    refilled_at = models.DateTimeField()
