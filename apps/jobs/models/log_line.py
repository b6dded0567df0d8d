"""LogLine: what a job wrote to its log."""

from typing import ClassVar

from django.db import models


class LogLine(models.Model):
    """One line of a job's log; append-only."""

    id = models.BigAutoField(primary_key=True)
    job_id = models.UUIDField()
    attempt = models.IntegerField()
    at = models.DateTimeField()
    level = models.TextField()
    message = models.TextField()

    class Meta:
        verbose_name = "log line"
        db_table = "jobs_log_line"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index("job_id", "id", name="log_line_by_job")]

    def __str__(self) -> str:
        """Name the line in headings by its job."""
        return f"log line of job {self.job_id}"
