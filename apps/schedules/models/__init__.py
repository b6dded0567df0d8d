"""What Backline keeps beside django-celery-beat's own tables."""

from apps.schedules.models.beat import Beat
from apps.schedules.models.declaration import Declaration
from apps.schedules.models.moment import Moment
from apps.schedules.models.plan import Plan

__all__ = ["Beat", "Declaration", "Moment", "Plan"]
