"""Rollup and RolledUp: what happened in each minute and hour, so that charts need not count jobs."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

MINUTE, HOUR = 60, 3600
_COUNTS = ("enqueued", "succeeded", "dead", "cancelled", "failed_attempts", "first_attempts")
_SUMS = ("waited_s", "ran_s", "slowest_s")


class Rollup(models.Model):
    """What became of one kind in one queue within the minute, or the hour, that begins at ``at``.

    A job counts where it ended, if it had not been replayed by the last look at that minute. It ran from the
    start of its last attempt until its outcome was written: up to a quarter of a second after its end, where
    many short jobs come in one message.
    """

    pk = models.CompositePrimaryKey("seconds", "at", "kind", "queue")
    seconds = models.SmallIntegerField()  # a minute; an hour when it is older than two days
    at = models.DateTimeField()
    kind = models.TextField()
    queue = models.TextField()
    # By the time in the job's id; not of a canvas's step that began minutes after its id was given.
    enqueued = models.IntegerField(default=0)
    succeeded = models.IntegerField(default=0)
    dead = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)  # by a person, or because it was too late to start
    failed_attempts = models.IntegerField(default=0)  # that ended then: the body raised, whatever came after
    first_attempts = models.IntegerField(default=0)  # of those that succeeded: at the first attempt
    waited_s = models.FloatField(
        default=0
    )  # of those: from enqueue to start, an asked for countdown included
    ran_s = models.FloatField(default=0)  # of all that succeeded
    slowest_s = models.FloatField(default=0)  # of all that succeeded

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(seconds__in=[MINUTE, HOUR]), name="rollup_spans_a_minute_or_an_hour"
            ),
            models.CheckConstraint(
                condition=Q(**{f"{name}__gte": 0 for name in (*_COUNTS, *_SUMS)}),
                name="rollup_counts_are_not_negative",
            ),
        ]


class RolledUp(models.Model):
    """How far the minutes are counted: one row, moved on by the statement that counts."""

    id = models.SmallIntegerField(primary_key=True)
    next_at = models.DateTimeField()  # the minute that is counted next, perhaps again
    open_since = models.DateTimeField(null=True)  # began the oldest transaction that wrote jobs meanwhile

    class Meta:
        db_table = "jobs_rolled_up"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="rolled_up_is_one_row")]
