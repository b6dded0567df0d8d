"""A worker inside the test: it runs whatever waits, whoever enqueued it, until nothing does."""

from collections import Counter

from django.db import connection

from apps.jobs import registry, transitions
from apps.jobs.models import Bundle, Job
from apps.jobs.running.record import Record
from apps.jobs.running.run import run_claims
from apps.jobs.states import SLEEPING, State
from tests.jobs import steps

MOST_ROUNDS = 50


def work() -> Counter[str]:
    """Run all that waits, and all that this makes wait; return how many ended how."""
    words = Counter[str]()
    for _ in range(MOST_ROUNDS):
        for job_id in Job.objects.filter(state__in=SLEEPING).values_list("id", flat=True):
            steps.released(job_id)
        ran = run_once()
        if not ran:
            return words
        words += ran
    raise AssertionError(f"jobs still wait after {MOST_ROUNDS} rounds: {dict(words)}")


def run_once() -> Counter[str]:
    """Run what waits now, each once; return how many ended how."""
    transitions.relay(steps.QUEUE, 1000)
    worker_id, words = steps.a_worker(), Counter[str]()
    for bundle in Bundle.objects.order_by("published_at", "id"):
        words += _run_bundle(bundle, worker_id)
    return words


def states_of(kind: str) -> list[State]:
    """Return where the jobs of a kind stand, the oldest first."""
    found = Job.objects.filter(kind=kind).order_by("id").values_list("state", flat=True)
    return [State(state) for state in found]


def marks(name: str) -> int:
    """Count the marks of this name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM canvas_marks WHERE name LIKE %s", [name])
        return int(cursor.fetchall()[0][0])


def _run_bundle(bundle: Bundle, worker_id: int) -> Counter[str]:
    claims = transitions.claim(bundle.ids, bundle=bundle.id, worker_id=worker_id)
    record = Record(closes=bundle.id if len(bundle.ids) > 1 else None)
    run_claims(registry.kinds()[bundle.kind], claims, record)
    return record.words
