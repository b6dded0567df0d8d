"""Schedules in the Django admin."""

from apps.schedules.admin import history, schedule  # noqa: F401  # each registers its pages
