"""Version: what a schedule said from a moment on, and who wrote it so."""

from typing import ClassVar

from django.db import models


class Version(models.Model):
    """One state of one schedule, as a document; append-only, and it outlives its schedule."""

    class How(models.TextChoices):
        """The way by which a schedule came to say this."""

        ADMIN = "admin", "in the admin"
        CODE = "code", "by the code"
        FILE = "file", "from a file"
        ROLL_BACK = "roll back", "rolled back"
        ELSEWHERE = "elsewhere", "outside the admin"
        DELETED = "deleted", "deleted"

    id = models.BigAutoField(primary_key=True)
    schedule = models.ForeignKey(
        "django_celery_beat.PeriodicTask",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="versions",
    )
    name = models.TextField()
    at = models.DateTimeField()
    by = models.TextField(default="")  # as the person was called then; nobody is known for a plain UPDATE
    how = models.TextField(choices=How)
    document = models.JSONField()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index("schedule", "id", name="version_by_schedule"),
            models.Index("name", "id", name="version_by_name"),
        ]

    def __str__(self) -> str:
        """Name the schedule."""
        return self.name
