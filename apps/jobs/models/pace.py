"""Pace: how long jobs of a kind take, so that bundles are sized to it."""

from django.db import models


class Pace(models.Model):
    """A kind's measured duration: a moving average that forgets."""

    kind = models.TextField(primary_key=True)
    mean_s = models.FloatField()
    jobs = models.BigIntegerField(default=0)  # measured so far
    updated_at = models.DateTimeField()
