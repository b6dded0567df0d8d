"""The Celery application: `celery -A config worker`, `beat` and `flower` start from here."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from apps.jobs.celery_app import LedgerCelery

app = LedgerCelery("backline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add("apps.jobs.worker:LedgerStep")  # by name: its module needs Django's models
