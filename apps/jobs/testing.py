"""For tests of code that enqueues: run the jobs that wait, in the test's own process and transaction."""

import os
import socket

from apps.jobs import registry, transitions
from apps.jobs.models import Bundle, Job
from apps.jobs.running.record import Record
from apps.jobs.running.run import run_claims
from apps.jobs.states import State
from apps.jobs.worker import registration, workers

_MOST = 10_000


def run_jobs() -> int:
    """Run the jobs that may start, and what they start, until none is left; return how many ran.

    Retries, schedules and limits wait as they would for a worker. An error in a body is the job's outcome.
    """
    queues = sorted({task.job_queue for task in registry.kinds().values()})
    name = f"test@{os.getpid()}"
    registered = registration.register(name=name, hostname=socket.gethostname(), queues=queues, concurrency=1)
    worker_id = registered.worker_id
    ran = 0
    while started := _run_some(worker_id):
        ran += started
    workers.sign_off(worker_id)
    return ran


def _run_some(worker_id: int) -> int:
    for queue in Job.objects.filter(state=State.READY).values_list("queue", flat=True).distinct():
        transitions.relay(queue, _MOST)
    ran = 0
    for bundle in Bundle.objects.order_by("published_at"):
        claims = transitions.claim(bundle.ids, bundle=bundle.id, worker_id=worker_id)
        for claim in claims:
            run_claims(registry.get(claim.kind), [claim], Record())
        ran += len(claims)
    return ran
