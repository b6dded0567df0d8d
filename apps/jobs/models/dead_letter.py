"""DeadLetter: a job that will not be tried again by itself, with its story."""

from typing import ClassVar

from django.db import models


class DeadLetter(models.Model):
    """The evidence of one dead job."""

    job_id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    fingerprint = models.TextField()
    died_at = models.DateTimeField()
    message = models.TextField()  # one sentence for the person who started it
    evidence = models.JSONField()  # error type, traceback without locals, arguments, version

    class Meta:
        db_table = "jobs_dead_letter"
        ordering: ClassVar = ["-died_at"]
        indexes: ClassVar = [models.Index("fingerprint", "job_id", name="dead_letter_by_fingerprint")]
