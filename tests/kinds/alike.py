"""The tasks of tests.canvases as jobs, and as plain tasks beside them."""

from celery import shared_task
from celery.signals import before_task_publish, task_postrun

from apps.jobs import RetryPolicy
from apps.jobs.task import JobTask
from tests.canvases import bodies

ONCE = RetryPolicy(max_attempts=1)

for name in ("step", "boom", "flaky", "swap"):
    body = getattr(bodies, name)
    shared_task(name=f"job.{name}", base=JobTask, bind=True, retry_policy=ONCE)(body)
    shared_task(name=f"plain.{name}", bind=True)(body)
for name in ("note", "told"):
    shared_task(name=f"job.{name}", base=JobTask, retry_policy=ONCE)(getattr(bodies, name))

before_task_publish.connect(bodies.opened)
task_postrun.connect(bodies.closed)
