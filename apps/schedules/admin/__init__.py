"""Schedules in the Django admin."""

from apps.schedules.admin import alert, history, schedule, version  # noqa: F401  # each registers its pages
