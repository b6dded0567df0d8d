"""UniqueKey: the job that holds a key, so that there is no second one."""

from typing import ClassVar

from django.db import models


class UniqueKey(models.Model):
    """One taken key: of a unique kind's arguments, or a caller's idempotency key."""

    key = models.BinaryField(primary_key=True, max_length=32)  # a hash: what it is made of may be long
    job_id = models.UUIDField()
    until = models.DateTimeField(null=True)  # empty: while its job has not ended

    class Meta:
        db_table = "jobs_unique_key"
        indexes: ClassVar = [
            models.Index("until", name="unique_key_until", condition=models.Q(until__isnull=False))
        ]
