"""Subscription: a person's consent to be sent the newsletter, and when it was given and taken back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Subscription(models.Model):
    """One person's consent; the row stays when it is taken back, to say so."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscription")
    asked_at = models.DateTimeField()  # when the person last asked for it
    ended_at = models.DateTimeField(null=True, blank=True)  # when the person stopped it; empty: it is wanted
    last_issue = models.ForeignKey(
        "mail.Issue", models.SET_NULL, null=True, blank=True, related_name="+"
    )  # by the job that sent it

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index("id", name="subscription_that_is_wanted", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        """Say whose it is."""
        return f"newsletter for {self.user}"
