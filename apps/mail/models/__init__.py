"""The tables of letters."""

from apps.mail.models.issue import Issue
from apps.mail.models.subscription import Subscription

__all__ = ["Issue", "Subscription"]
