"""What Backline keeps beside django-celery-beat's own tables."""

from apps.schedules.models.beat import Beat
from apps.schedules.models.declaration import Declaration
from apps.schedules.models.moment import Moment
from apps.schedules.models.plan import Plan
from apps.schedules.models.policy import Policy

__all__ = ["Beat", "Declaration", "Moment", "Plan", "Policy"]
