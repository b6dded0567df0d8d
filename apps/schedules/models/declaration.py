"""Declaration: the schedule that code declared for a job type, as it was last brought in."""

from django.db import models


class Declaration(models.Model):
    """What `@job(cron=...)` said; where the schedule differs from it, an admin edited the schedule."""

    kind = models.TextField(primary_key=True)
    schedule = models.OneToOneField(
        "django_celery_beat.PeriodicTask", models.DO_NOTHING, db_constraint=False, related_name="declaration"
    )
    line = models.TextField()  # five crontab fields
    timezone = models.TextField()

    def __str__(self) -> str:
        """Name the job type."""
        return self.kind
