"""Plain Celery on Redis: the same tasks, without the ledger."""

import os

from celery import Celery
from celery.signals import before_task_publish, task_postrun

from tests.canvases import bodies

app = Celery("plain", broker=os.environ["CANVAS_BROKER"], backend=os.environ["CANVAS_BACKEND"])
app.conf.update(
    broker_connection_retry_on_startup=True, worker_prefetch_multiplier=1, worker_hijack_root_logger=False
)

for home in ("job", "plain"):
    for name in ("step", "boom", "flaky", "swap"):
        app.task(name=f"{home}.{name}", bind=True)(getattr(bodies, name))
    for name in ("note", "told"):
        app.task(name=f"{home}.{name}")(getattr(bodies, name))

before_task_publish.connect(bodies.opened)
task_postrun.connect(bodies.closed)
