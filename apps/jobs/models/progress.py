"""Progress: how far a job got, and where it goes on after a kill."""

from django.db import models


class Progress(models.Model):
    """A job's latest word about itself; written by its worker, fenced by the lease."""

    job_id = models.UUIDField(primary_key=True)
    attempt = models.IntegerField()
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)  # empty while nobody knows
    note = models.TextField(default="")
    rate = models.FloatField(null=True)  # units a second in this attempt, lately
    cursor = models.JSONField(null=True)  # by checkpoint only, in the transaction that made it true
    furthest = models.BigIntegerField(null=True)  # ``done`` of the checkpoint that was the furthest
    updated_at = models.DateTimeField()
