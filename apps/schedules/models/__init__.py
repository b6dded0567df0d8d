"""What Backline keeps beside django-celery-beat's own tables."""

from apps.schedules.models.alert import Alert
from apps.schedules.models.beat import Beat
from apps.schedules.models.declaration import Declaration
from apps.schedules.models.moment import Moment
from apps.schedules.models.plan import Plan
from apps.schedules.models.policy import Policy
from apps.schedules.models.version import Version

__all__ = ["Alert", "Beat", "Declaration", "Moment", "Plan", "Policy", "Version"]
