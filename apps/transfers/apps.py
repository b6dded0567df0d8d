"""Bulk transfers; what a file means is told by an Importer, so that no feature is imported here."""

from django.apps import AppConfig


class TransfersConfig(AppConfig):
    """Uploads and imports."""

    name = "apps.transfers"
    default_auto_field = "django.db.models.BigAutoField"
