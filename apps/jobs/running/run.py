"""Run the jobs that one message carries, from claim to record.  Called by JobTask."""

import logging
import os
from collections.abc import Collection
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from celery.exceptions import Ignore
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.jobs import crash_points, process, sql, transitions
from apps.jobs.database_away import is_away
from apps.jobs.messages import envelope
from apps.jobs.running import failures, holding, logs, metrics, pace
from apps.jobs.running.attempt import JobType, attempt, stop
from apps.jobs.running.failures import Ended, Failure
from apps.jobs.running.process_exit import ends_process
from apps.jobs.running.record import Record, being_kept, recorded
from apps.jobs.transitions import Claim, Success

if TYPE_CHECKING:
    from celery.app.task import Context as Request

log = logging.getLogger("backline.jobs")

_LOOK_EVERY_S = 0.5  # whether what a slow bundle still holds may start at all


def run_message(task: JobType, request: "Request") -> Ended:
    """Claim what the message names and run it; a stale message is acknowledged and forgotten.

    Return how many jobs ended how and which failed, for Flower.
    """
    bundle, ids = envelope.contents(vars(request))  # Celery lays custom headers there
    with holding.current().message() as hand:
        claims = _claimed(bundle, ids)
        hand.claimed(claims[0].lease)
        # One that lacks some of its jobs has perhaps another message's worker on them: the sweep closes it.
        whole = len(claims) == len(ids) > 1
        record = Record(closes=bundle if whole else None)
        run_claims(task, claims, record)
    return Ended(record.words, [*record.failures.values(), *_ended_before(ids, claims)])


def run(task: JobType, claim: Claim) -> str:
    """Run one claimed job and return what came of it in a word."""
    record = Record()
    run_claims(task, [claim], record)
    [word] = record.words
    return word


def run_claims(task: JobType, claims: list[Claim], record: Record) -> None:
    """Run claimed jobs one after the other and record what came of each."""
    claimed_at = looked_at = monotonic()
    stopped: set[UUID] = set()
    database = connections[DEFAULT_DB_ALIAS]
    message = being_kept.set(record)
    place = 0
    try:
        for place, claim in enumerate(claims):
            began_at = monotonic()
            if began_at - looked_at > _LOOK_EVERY_S and place:
                stopped, looked_at = _stopped(claims[place:]), began_at
            if claim.id in stopped:
                record.ended("cancelled", claim, stop(claim))
            else:
                _run(task, claim, record, database=database, began_s=began_at - claimed_at)
        record.close()
    except BaseException as error:
        try:
            record.flush()
        finally:
            if not ends_process(error):  # else the worker's main process hands back what is left
                _give_up(claims, place)
        raise
    finally:
        being_kept.reset(message)
    took = monotonic() - claimed_at
    pace.remember(task.name, seconds=took, jobs=len(claims))
    metrics.count(record.words, took)


def _claimed(bundle: UUID, ids: list[UUID]) -> list[Claim]:
    crash_points.reached("claim.before")
    lease = uuid4()
    try:
        claims = transitions.claim(ids, bundle=bundle, worker_id=process.worker_id(), lease=lease)
    except Error as error:
        if not is_away(error):
            raise
        claims = _claimed_after_loss(bundle, ids, lease, error)
    crash_points.reached("claim.after")
    if not claims:
        metrics.count({}, 0.0, stale=1)
        raise Ignore(repr(Ended({}, _ended_before(ids, []))))
    return claims


def _ended_before(ids: list[UUID], claims: list[Claim]) -> list[Failure]:
    """Return the events of jobs that were cancelled or expired while their message was in the broker."""
    if len(claims) == len(ids):
        return []
    try:
        return failures.of_ended(set(ids) - {claim.id for claim in claims})
    except Error as error:  # an event is not worth an attempt
        log.warning("bundle of %d jobs: no events of those that ended before: %s", len(ids), error)
        connection.close()
        return []


def _claimed_after_loss(bundle: UUID, ids: list[UUID], lost: UUID, error: Exception) -> list[Claim]:
    """Claim over a new session: between two messages the database may have been restarted.

    ``lost`` is the lease of the claim whose answer was lost.
    """
    log.warning("no claim on %s: the database went away (%s)", bundle, error)
    connection.close()
    _hand_back(ids, lost)  # the claim may have been made and only its answer been lost
    lease = uuid4()
    try:
        claims = transitions.claim(ids, bundle=bundle, worker_id=process.worker_id(), lease=lease)
    except Error as again:
        if not is_away(again):
            raise
        log.warning("no claim on %s: the database is away (%s); the keeper sends it again", bundle, again)
        connection.close()
        _hand_back(ids, lost)
        _hand_back(ids, lease)
        raise Ignore("database away") from again
    missing = set(ids) - {claim.id for claim in claims}
    if missing:  # the lost session's claim may have come just now: ours waited for its rows
        _hand_back(missing, lost)
    return claims


def _hand_back(ids: Collection[UUID], lease: UUID) -> None:
    """Give jobs back that this process may hold by a claim whose answer was lost.

    Not those of another thread's claim, to which the same message came a second time.
    """
    recorded(lambda: transitions.hand_back(process.worker_id(), os.getpid(), only=ids, lease=lease))


def _give_up(claims: list[Claim], place: int) -> None:
    """Free the jobs of a process that cannot write an outcome and lives on; the one in hand is charged."""
    in_hand, lease = claims[place].id, claims[place].lease
    lost = partial(
        transitions.rescue_child, process.worker_id(), os.getpid(), max_deaths=settings.BACKLINE_MAX_DEATHS
    )
    recorded(lambda: lost(only=[in_hand], lease=lease))
    if beside := [claim.id for claim in claims if claim.id != in_hand]:
        _hand_back(beside, lease)


def _stopped(claims: list[Claim]) -> set[UUID]:
    """Return those that may not start any more; while the database is away nobody can tell."""
    params = {"ids": [claim.id for claim in claims], "lease": claims[0].lease}
    try:
        return {job_id for (job_id,) in sql.run("stopped", params)}
    except Error as error:
        if not is_away(error):
            raise
        connection.close()
        return set()


def _run(
    task: JobType, claim: Claim, record: Record, *, database: BaseDatabaseWrapper, began_s: float
) -> None:
    """Run one claimed attempt and record what came of it."""
    job_log = logs.JobLog(claim.id, claim.attempt, at_once=claim.attempt > 1 and claim.was_cut_off)
    record.keep_log(job_log)
    with logs.captured(job_log):
        word, outcome = attempt(task, claim, job_log, database=database, began_s=began_s)
    crash_points.reached("run.after")
    if isinstance(outcome, Success):
        record.succeeded(outcome)
    else:
        record.ended(word, claim, outcome)
