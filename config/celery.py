"""The Celery application: `celery -A config worker`, `beat` and `flower` start from here."""

import logging
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from celery.signals import after_setup_logger, after_setup_task_logger, import_modules
from celery.utils.imports import symbol_by_name

from apps.jobs.celery_app import LedgerCelery
from apps.lib.log_lines import escape_handlers

app = LedgerCelery("backline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add("apps.jobs.worker.worker:LedgerStep")  # by name: its module needs Django's models


@after_setup_logger.connect(weak=False)
@after_setup_task_logger.connect(weak=False)
def keep_logs_to_one_line(logger: logging.Logger, **_: object) -> None:
    """Escape control characters in what Celery's own handlers write."""
    escape_handlers(logger)


@import_modules.connect(weak=False)
def close_flower(**_: object) -> None:
    """Put the login in front of Flower, which asks for job types before it listens; failing ends it."""
    if "flower.app" in sys.modules:
        symbol_by_name("apps.ops.flower_login:install")()
