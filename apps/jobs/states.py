"""The life of a job: its states, and the only ways to move between them.

Every arrow stands in ``MOVES``; ``transitions`` walks them, one function an
arrow, and CHECK constraints on the table refuse what does not fit.
"""

from datetime import UTC, datetime

from django.db import models


class State(models.IntegerChoices):
    """Where a job stands."""

    SCHEDULED = 0, "scheduled"  # waits for its time (run_after)
    READY = 1, "ready"  # may run; it stands in line, or the relay gave its id to the broker
    QUEUED = 2, "queued"  # its id was handed to the broker when it was enqueued
    RUNNING = 3, "running"  # claimed by a worker, which holds a lease
    RETRYING = 5, "retrying"  # failed; waits to run again (run_after)
    SUCCEEDED = 6, "succeeded"  # ended: the work is done
    DEAD = 7, "dead"  # ended: will not be tried again by itself; see dead letters
    CANCELLED = 8, "cancelled"  # ended: somebody asked it to stop


class Outcome(models.TextChoices):
    """How an attempt ended when the job did not succeed with it."""

    FAILED = "failed"  # the job raised
    LOST = "lost"  # its worker died
    HANDED_BACK = "handed back"  # its worker stopped and gave it back
    SNOOZED = "snoozed"  # the job asked to go on later
    CANCELLED = "cancelled"  # it stopped because a person asked


WAITING = frozenset({State.SCHEDULED, State.READY, State.QUEUED, State.RETRYING})
SLEEPING = frozenset({State.SCHEDULED, State.RETRYING})
CLAIMABLE = frozenset({State.READY, State.QUEUED})
ENDED = frozenset({State.SUCCEEDED, State.DEAD, State.CANCELLED})

UNTIL_ITS_BATCH_ENDED = datetime(9000, 1, 1, tzinfo=UTC)  # run_after of a job that waits for other jobs

# (from, to): when this happens, and who does it.
MOVES: dict[tuple[State, State], str] = {
    (
        State.SCHEDULED,
        State.READY,
    ): "release: its time has come, or its batch ended (keeper), or a person won't wait",
    (State.SCHEDULED, State.CANCELLED): "cancel or expire: a person asked, or it was too late to start",
    (State.READY, State.RUNNING): "claim: a worker got its id from the relay",
    (State.READY, State.CANCELLED): "cancel or expire: a person asked, or it was too late to start",
    (State.QUEUED, State.RUNNING): "claim: a worker got its id straight from the enqueue",
    (State.QUEUED, State.CANCELLED): "cancel or expire: a person asked, or it was too late to start",
    (State.RUNNING, State.SUCCEEDED): "succeed: the work is done",
    (State.RUNNING, State.RETRYING): "retry: it failed and has attempts left",
    (State.RUNNING, State.DEAD): "bury: out of attempts, discarded, read by no worker, or it killed too many",
    (State.RUNNING, State.SCHEDULED): "snooze: the job or its policy asked, or its worker cannot read it",
    (State.RUNNING, State.READY): "rescue or hand back: its worker died or stops",
    (State.RUNNING, State.CANCELLED): "stop: a person asked, and it saw that or would have started again",
    (State.RETRYING, State.READY): "release: its time has come (keeper), or a person will not wait for it",
    (State.RETRYING, State.CANCELLED): "cancel or expire: a person asked, or it was too late to start",
    (State.DEAD, State.READY): "replay: a person put the dead letter in line again",
}
