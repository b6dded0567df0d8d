"""Plan: when a schedule runs next, or why it cannot."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """The one row beside each PeriodicTask.

    Triggers on django-celery-beat's tables make it, mark it as edited and delete it with its schedule,
    so that no way of editing (admin, QuerySet.update, SQL) can be overlooked. Beat fills in the rest.
    """

    schedule = models.OneToOneField(
        "django_celery_beat.PeriodicTask",
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="plan",
    )
    edited = models.BooleanField(default=True)  # by the triggers: what is below must be worked out again
    timing = models.TextField(default="")  # what next_at was worked out from
    next_at = models.DateTimeField(null=True)  # empty: it does not run again
    problem = models.TextField(default="")  # why it was set aside; an edit or a new beat tries again

    class Meta:
        indexes: ClassVar = [
            models.Index("next_at", name="plan_due", condition=Q(next_at__isnull=False)),
            models.Index("schedule", name="plan_edited", condition=Q(edited=True)),
            models.Index("schedule", name="plan_with_a_problem", condition=~Q(problem="")),
        ]
