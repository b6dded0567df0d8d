"""Attempt: one run of a job that did not end well."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from apps.jobs.states import Outcome


class Attempt(models.Model):
    """A run that failed, was lost, or was given back; written when it ends, never changed."""

    id = models.BigAutoField(primary_key=True)
    job_id = models.UUIDField()
    number = models.IntegerField()
    outcome = models.TextField(choices=Outcome.choices)
    worker_name = models.TextField(default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    error_type = models.TextField(default="")
    message = models.TextField(default="")
    traceback = models.TextField(default="")  # without local variables: they may hold secrets

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index("job_id", "id", name="attempt_by_job"),
            BrinIndex(
                fields=["ended_at"], name="attempt_by_ended_at", pages_per_range=128, autosummarize=True
            ),
        ]

    def __str__(self) -> str:
        """Name the attempt in headings."""
        return f"attempt {self.number} of job {self.job_id}"
