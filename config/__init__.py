"""The wiring: settings, URLs, and the Celery application, current in every process."""

import gc

# A start makes many objects that stay: to look through them after every 700 new ones took a sixth of it.
gc.set_threshold(20_000, 20, 20)

from config.celery import app as celery_app  # noqa: E402  # it loads everything

__all__ = ["celery_app"]
