"""The wiring: settings, URLs, and the Celery application, current in every process."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
