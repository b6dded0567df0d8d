"""Issue: what one newsletter says, written down before the first letter goes out."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Issue(models.Model):
    """The newsletter about one week; there is one, however often it is asked for."""

    until = models.DateField()  # the last day it is about
    since = models.DateField()  # the first
    items = models.JSONField()  # of the best sellers, the most sold first: code, name, units
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-until"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["until"], name="issue_once_per_week"),
            models.CheckConstraint(condition=Q(since__lte=F("until")), name="issue_begins_before_it_ends"),
        ]

    def __str__(self) -> str:
        """Name the issue by its last day."""
        return f"the week to {self.until}"
