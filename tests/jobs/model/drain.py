"""Let the ledger alone with a keeper and a worker to whom nothing happens: everything ends."""

from django.db import connection

from apps.jobs import transitions
from apps.jobs.models import Bundle, Job
from apps.jobs.operating import pause
from apps.jobs.states import ENDED, SLEEPING
from apps.jobs.transitions import Rules, Success
from tests.jobs.model.keeper_deeds import FILLS, LIMIT
from tests.jobs.steps import HOUR, QUEUE

_ROUNDS = 20

_GROWS_OLD = """
UPDATE jobs_bundle SET published_at = published_at - interval '1 hour'
 WHERE id IN (SELECT id FROM jobs_bundle FOR UPDATE SKIP LOCKED);
UPDATE jobs_slot SET taken_at = taken_at - interval '1 hour'
 WHERE job_id IN (SELECT job_id FROM jobs_slot FOR UPDATE SKIP LOCKED);
"""


def what_nobody_holds_grows_old() -> None:
    """Let time pass for messages and places of limits, except those that a session holds."""
    with connection.cursor() as cursor:
        cursor.execute(_GROWS_OLD)


def until_everything_ended(workers: list[int]) -> None:
    """Resume, release, relay, run and finish until nothing is left; fail if something is."""
    for each in pause.paused():
        pause.resume(each.scope, each.name)
    for _ in range(_ROUNDS):
        alive = Job.objects.exclude(state__in=ENDED)
        if not alive.exists():
            return
        _one_round(workers)
    raise AssertionError(f"these never end: {list(alive.values('id', 'state', 'kind'))}")


def _one_round(workers: list[int]) -> None:
    pause.go_on()
    transitions.expire(since=HOUR)
    for worker_id in workers:
        transitions.hand_back(worker_id)
    transitions.release_now(list(Job.objects.filter(state__in=SLEEPING).values_list("id", flat=True)))
    transitions.relay(QUEUE, 1000, Rules(fills=FILLS, limits=[LIMIT]))
    for bundle in Bundle.objects.all():
        claims = transitions.claim(bundle.ids, bundle=bundle.id, worker_id=workers[0])
        if claims:
            assert transitions.finish([Success(claim) for claim in claims], closes=bundle.id) == set()
