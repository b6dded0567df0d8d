"""Replay: dead jobs that a person put in line again, and how that goes."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Replay(models.Model):
    """Who replayed what, why, how fast, and what came of it."""

    class Stage(models.TextChoices):
        """Where a replay stands."""

        GOING = "going"  # the keeper moves it on
        DONE = "done"  # each of its jobs ended or could not be replayed
        STOPPED = "stopped"  # by itself, since too many died again, or by a person

    id = models.BigAutoField(primary_key=True)
    asked_at = models.DateTimeField("started at")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    actor_name = models.TextField("person")  # as it was then; "shell:login" for a command
    reason = models.TextField()
    filter = models.JSONField()  # what was asked for
    edited_args = models.JSONField(null=True)  # for one job: with other arguments than it had
    canary = models.IntegerField(default=0)  # so many first; the rest when they ended well
    per_minute = models.IntegerField(null=True)  # empty: as fast as the line takes them
    stop_at_percent = models.SmallIntegerField(default=20)  # of those that ended, dead again
    stage = models.TextField(choices=Stage.choices, default=Stage.GOING)
    stopped_because = models.TextField(default="")
    total = models.IntegerField()
    sent = models.IntegerField("queued again", default=0)  # put in line again
    ended_well = models.IntegerField("succeeded", default=0)
    died_again = models.IntegerField("failed again", default=0)
    skipped = models.IntegerField(default=0)  # was not dead any more when its turn came, or is gone
    held = models.IntegerField(
        "not replayed", default=0, db_default=0
    )  # left dead: another job holds their unique key
    sent_at = models.DateTimeField(null=True)  # up to when `per_minute` has been used
    looked_at = models.UUIDField(null=True)  # where the keeper's next look for ended jobs begins
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index("id", name="replay_going", condition=Q(stage="going"))]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(stage="going", ended_at__isnull=True)
                | Q(stage__in=["done", "stopped"], ended_at__isnull=False),
                name="replay_ended_iff_ended_at",
            ),
            models.CheckConstraint(
                condition=Q(canary__gte=0, stop_at_percent__range=(1, 100))
                & (Q(per_minute__isnull=True) | Q(per_minute__gte=1)),
                name="replay_pace_makes_sense",
            ),
        ]

    def __str__(self) -> str:
        """Name the replay as the log does."""
        return f"replay {self.pk}"


class Replayed(models.Model):
    """One job of a replay; a job is in at most one that is under way."""

    class Became(models.IntegerChoices):
        """What became of it in this replay."""

        WAITS = 0, "waiting"
        SENT = 1, "queued again"
        ENDED_WELL = 2, "succeeded"
        DIED_AGAIN = 3, "failed again"
        SKIPPED = 4, "no longer tracked"
        HELD = 5, "not replayed: another job holds its unique key"

    pk = models.CompositePrimaryKey("replay", "job_id")
    replay = models.ForeignKey(Replay, models.CASCADE, db_index=False, related_name="jobs")
    job_id = models.UUIDField()
    became = models.SmallIntegerField(choices=Became.choices, default=Became.WAITS)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index("job_id", "replay", name="replayed_by_job"),
            models.Index(
                "replay", "became", "job_id", name="replayed_open_by_replay", condition=Q(became__in=[0, 1])
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint("job_id", name="replayed_once_at_a_time", condition=Q(became__in=[0, 1]))
        ]
