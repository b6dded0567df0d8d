"""Check of the lines: jobs that wait where nobody takes them."""

from apps.jobs.operating.queues import queues
from apps.lib.words import count
from apps.maintenance.health.finding import Finding, well, wrong


def lines() -> Finding:
    """Check that every queue in which jobs wait has a worker, unless somebody paused it."""
    all_of_them = queues()
    stuck = [queue for queue in all_of_them if queue.waiting and not queue.workers and not queue.is_paused]
    if stuck:
        what = ", ".join(f"{count(queue.waiting, 'job')} in {queue.name}" for queue in stuck)
        names = ",".join(queue.name for queue in stuck)
        return wrong("queues", f"no worker takes {what}", f"Run: celery -A config worker -Q {names}")
    waiting = sum(queue.waiting for queue in all_of_them)
    return well("queues", f"{count(waiting, 'job')} waiting")
