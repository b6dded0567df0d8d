"""Artifact: a file that a job left for people."""

from typing import ClassVar

from django.db import models


class Artifact(models.Model):
    """A finished file; its row is written when the file stands complete in its place."""

    id = models.BigAutoField(primary_key=True)
    job_id = models.UUIDField()
    name = models.TextField()  # as the job calls it, and people who download it
    path = models.TextField()  # below BACKLINE_ARTIFACTS_DIR
    bytes = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint("job_id", "name", name="artifact_name_is_unique_in_its_job"),
            models.CheckConstraint(
                condition=models.Q(bytes__gte=0, name__gt="", path__gt=""), name="artifact_is_a_file"
            ),
        ]

    def __str__(self) -> str:
        """Name the file as its job did."""
        return self.name
