"""Effect: something done outside the database, remembered so that it is not done twice."""

from typing import ClassVar

from django.db import models


class Effect(models.Model):
    """One outside effect: written down before it is tried, and its receipt after."""

    key = models.TextField(primary_key=True)  # the job's kind and the caller's words
    job_id = models.UUIDField()
    lease = models.UUIDField()  # of the attempt that tried it
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)  # empty: it may or may not have happened
    receipt = models.JSONField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index("job_id", name="effect_by_job")]
