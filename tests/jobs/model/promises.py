"""What must hold in every committed state, whatever was done in which order, and was or was not committed."""

from collections import defaultdict
from collections.abc import Collection
from itertools import pairwise
from uuid import UUID

from django.db import connection

from apps.jobs.models import Attempt, DeadLetter, Job, Slot, UniqueKey
from apps.jobs.states import ENDED, MOVES, State
from tests.jobs import steps
from tests.jobs.model.history import Move

_NAMED_ANYWHERE = (
    "SELECT id FROM jobs_job UNION SELECT id FROM jobs_ready UNION SELECT id FROM jobs_parked"
    " UNION SELECT unnest(ids) FROM jobs_bundle UNION SELECT job_id FROM jobs_attempt"
    " UNION SELECT job_id FROM jobs_dead_letter UNION SELECT job_id FROM jobs_slot"
    " UNION SELECT job_id FROM jobs_unique_key UNION SELECT job_id FROM jobs_progress"
)

_NO_START = "It expired before it started."

Paths = dict[UUID, list[Move]]
Rows = dict[UUID, Job]


def paths_of(moves: Collection[Move]) -> Paths:
    """Return the way of each job, in order."""
    paths: Paths = defaultdict(list)
    for move in moves:
        paths[move.job].append(move)
    return paths


def assert_all_of_them(
    enqueued: Collection[UUID], moves: Collection[Move], *, limited: Collection[UUID], keyed: Collection[UUID]
) -> None:
    """Hold the ledger against its promises.

    The ``enqueued`` were committed; of the ``limited`` one runs at a time; the ``keyed`` have the same key.
    """
    paths = paths_of(moves)
    rows = {row.id: row for row in Job.objects.defer("args", "result", "options")}
    assert_nothing_is_lost_and_nothing_is_a_ghost(set(enqueued), paths, rows)
    for path in paths.values():
        assert_a_legal_path_with_one_success(path)
    assert_nobody_else_wrote(paths, rows)
    assert_every_attempt_is_told(paths, rows)
    assert_limits_hold({job for job in limited if job in rows and rows[job].state == State.RUNNING})
    assert_one_job_a_key({job for job in keyed if job in rows and rows[job].state not in ENDED})


def assert_nothing_is_lost_and_nothing_is_a_ghost(enqueued: set[UUID], paths: Paths, rows: Rows) -> None:
    """What was committed is there until pruned, and findable; what was rolled back is nowhere (I1, I2)."""
    pruned = {job for job, path in paths.items() if path[-1].became is None}
    assert set(rows) == enqueued - pruned
    ghosts = named_anywhere() - enqueued
    assert not ghosts, f"rolled back, and still known: {ghosts}"
    steps.assert_nothing_is_lost()


def assert_a_legal_path_with_one_success(path: list[Move]) -> None:
    """Each move goes on where the last one ended, along an arrow; no job succeeds twice (I3)."""
    assert path[0].was is None
    for last, move in pairwise(path):
        assert (last.became, last.took_lease) == (move.was, move.left_lease)
        assert move.was is not None
        if move.became is None:
            assert move.was in ENDED, "pruned alive"
        else:
            assert (move.was, move.became) in MOVES, f"{move.was.name} -> {move.became.name}"
    assert [move.became for move in path].count(State.SUCCEEDED) <= 1


def assert_nobody_else_wrote(paths: Paths, rows: Rows) -> None:
    """The row says what the moves say, and no lease was issued twice for a job (I5)."""
    for job, path in paths.items():
        leases = [move.took_lease for move in path if move.took_lease is not None]
        assert len(leases) == len(set(leases))
        if job in rows:
            assert (rows[job].state, rows[job].lease) == (path[-1].became, path[-1].took_lease)


def assert_every_attempt_is_told(paths: Paths, rows: Rows) -> None:
    """A job was started as often as it says, and each start that did not succeed has its story (I4)."""
    told: dict[UUID, list[int]] = defaultdict(list)
    for job, number in Attempt.objects.exclude(message=_NO_START).values_list("job_id", "number"):
        told[job].append(number)
    letters = dict(DeadLetter.objects.values_list("job_id", "decision"))
    for job, row in rows.items():
        claims = sum(move.became == State.RUNNING for move in paths[job])
        assert row.attempt == claims
        has_no_story = row.state in (State.RUNNING, State.SUCCEEDED)
        assert sorted(told[job]) == list(range(1, claims + 1 - has_no_story))
        assert (row.state == State.DEAD) == (letters.get(job) == "")


def assert_limits_hold(running: set[UUID]) -> None:
    """Of the jobs that run one at a time one holds the place, and who runs holds it."""
    holders = set(Slot.objects.values_list("job_id", flat=True))
    assert len(holders) <= 1
    assert running <= holders


def assert_one_job_a_key(alive: set[UUID]) -> None:
    """Of the jobs of one key at most one lives, and then it holds the key."""
    assert len(alive) <= 1
    assert alive <= set(UniqueKey.objects.values_list("job_id", flat=True))


def how_many_live() -> int:
    """Count the committed jobs that have not ended."""
    return Job.objects.exclude(state__in=ENDED).count()


def named_anywhere() -> set[UUID]:
    """Return the jobs that any table of the ledger names."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMED_ANYWHERE)
        return {job for (job,) in cursor.fetchall()}
