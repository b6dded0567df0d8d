"""Policy: what an admin decided about a schedule beyond its timing."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

MOST_MISSED = 1000
MISSED_CAP = 12  # unless somebody says otherwise


class Policy(models.Model):
    """The row beside a PeriodicTask for which anything differs from the defaults; without one, they hold."""

    class Missed(models.TextChoices):
        """What becomes of moments that nobody took, since all beats were away for longer than a minute."""

        LATEST = "latest", "Run the latest one"
        SKIP = "skip", "Skip them; each gap is recorded"
        ALL = "all", "Run all of them in order, up to the maximum"
        ASK = "ask", "Ask: they wait for a person to decide"

    class Overlap(models.TextChoices):
        """What becomes of a moment while a job of an earlier one has not ended."""

        ALLOW = "allow", "Run at the same time"
        SKIP = "skip", "Skip the new run; the skip is recorded"
        QUEUE_ONE = "queue one", "Let one run wait until it ends"
        CANCEL_PREVIOUS = "cancel previous", "Cancel it and start the new run"

    schedule = models.OneToOneField(
        "django_celery_beat.PeriodicTask",
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="policy",
    )
    missed = models.TextField("missed runs", choices=Missed, default=Missed.LATEST, db_default=Missed.LATEST)
    missed_cap = models.PositiveSmallIntegerField(
        "at most",
        default=MISSED_CAP,
        db_default=MISSED_CAP,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MISSED)],
        help_text="At most this many missed runs start or wait for a decision, the latest first.",
    )
    overlap = models.TextField(
        "while the previous run is running", choices=Overlap, default=Overlap.ALLOW, db_default=Overlap.ALLOW
    )
    jitter_s = models.PositiveIntegerField(
        "jitter in seconds",
        default=0,
        db_default=0,
        validators=[MaxValueValidator(86_400)],
        help_text="Random delay of up to this many seconds, so that not all jobs start at once.",
    )
    paused_until = models.DateTimeField(null=True, blank=True, help_text="Runs before then are skipped.")
    max_runs = models.PositiveIntegerField(
        "runs at most", null=True, blank=True, help_text="The schedule is disabled after this many runs."
    )

    class Meta:
        verbose_name_plural = "policies"
        permissions: ClassVar = [
            ("run_schedule", "Can run schedules now, and decide about missed runs"),
            ("pause_schedule", "Can pause and resume schedules"),
            ("roll_back_schedule", "Can roll schedules back, to a version or to their code"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(missed__in=["latest", "skip", "all", "ask"]), name="missed_moments_have_a_policy"
            ),
            models.CheckConstraint(
                condition=Q(overlap__in=["allow", "skip", "queue one", "cancel previous"]),
                name="overlaps_have_a_policy",
            ),
            models.CheckConstraint(
                condition=Q(missed_cap__gte=1, missed_cap__lte=MOST_MISSED), name="missed_moments_are_capped"
            ),
            models.CheckConstraint(condition=Q(jitter_s__lte=86_400), name="jitter_is_at_most_a_day"),
        ]

    def __str__(self) -> str:
        """Say what it is about."""
        return "Policy"
