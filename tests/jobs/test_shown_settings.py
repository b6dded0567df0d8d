"""No password of an address is shown by Celery's commands, wherever the address is."""

import json
import subprocess
import sys
from pathlib import Path

from apps.lib.redact import masked
from config import celery_app

ROOT = Path(__file__).resolve().parent.parent.parent


def test_passwords_are_masked_at_whatever_depth() -> None:
    options = {
        "sentinel_kwargs": {"password": "s3cret", "db": 1},
        "alternates": ["redis://:s3cret@b/0"],
        "other": (Path("/tmp"), {"nodes": [{"url": "amqp://ann:s3cret@c//"}]}),
    }
    text = json.dumps(masked(options))
    assert "s3cret" not in text
    assert '"db": 1' in text


def test_the_report_of_celery_names_no_password() -> None:
    settings = {
        "CELERY_BROKER_URL": "redis://:s3cret@here:6379/0",
        "DATABASE_URL": "postgresql://ann:s3cret@here/x",
    }
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "config", "report"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore", **settings},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "redis://:***@here:6379/0" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_the_table_of_settings_is_whole_for_those_who_ask_for_it() -> None:
    assert celery_app.conf.table(censored=False)["CELERY_BROKER_URL"] == celery_app.conf.CELERY_BROKER_URL
