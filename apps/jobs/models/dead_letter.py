"""DeadLetter: a job that will not be tried again by itself, with its story and what a person decided."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class DeadLetter(models.Model):
    """The evidence of one dead job; it stays when the job is replayed or given up."""

    class Decision(models.TextChoices):
        """What a person decided about it."""

        OPEN = "", "open"
        REPLAYED = "replayed"
        DISCARDED = "discarded"

    job_id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    fingerprint = models.TextField("cause")
    died_at = models.DateTimeField()
    message = models.TextField()  # one sentence for the person who started it
    evidence = models.JSONField()  # error type, traceback without locals, arguments
    tenant = models.TextField(default="", db_default="")
    attempts = models.IntegerField(default=0, db_default=0)  # how often it had been started
    worker_name = models.TextField(default="", db_default="")  # where it died
    version = models.TextField(default="", db_default="")  # of Backline, on that worker
    decided_at = models.DateTimeField(null=True)  # empty: open; again when a replayed job dies again
    decision = models.TextField(
        choices=Decision.choices, default=Decision.OPEN, db_default=Decision.OPEN.value, blank=True
    )

    class Meta:
        db_table = "jobs_dead_letter"
        ordering: ClassVar = ["-died_at"]
        indexes: ClassVar = [
            models.Index("fingerprint", "job_id", name="dead_letter_by_fingerprint"),
            models.Index("kind", "job_id", name="dead_letter_by_kind"),
            models.Index("died_at", name="dead_letter_open", condition=Q(decided_at__isnull=True)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | Q(decision__in=["replayed", "discarded"], decided_at__isnull=False),
                name="dead_letter_is_open_or_decided",
            )
        ]
        verbose_name = "dead job"
        permissions: ClassVar = [
            ("replay_deadletter", "Can replay dead jobs"),
            ("discard_deadletter", "Can discard dead jobs"),
        ]

    def __str__(self) -> str:
        """Name the letter by its job."""
        return f"{self.kind} {self.job_id}"
