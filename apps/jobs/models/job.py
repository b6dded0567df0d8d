"""Job: one durable request for work.

The table is range-partitioned by week on its time-ordered key. No index names a
column that claim or finish changes: such an index, even a partial one, ends HOT
updates and takes up to half the throughput. Only one of block ranges (BRIN) may,
since PostgreSQL 16. What never changes stands first.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from apps.jobs import states
from apps.jobs.states import State
from apps.lib.ids import new_id

SLEEPING = sorted(states.SLEEPING)  # sorted: a set would write another migration each time
ENDED = sorted(states.ENDED)


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about jobs that more than one page asks."""

    def of(self, user_id: int | None) -> "JobQuerySet":
        """Keep the jobs that this person started."""
        return self.filter(owner_id=user_id) if user_id is not None else self.none()


class Job(models.Model):
    """What somebody asked for, and what came of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    enqueued_at = models.DateTimeField()  # by enqueue: the database's clock
    rank = models.DateTimeField()  # by enqueue: place in line; enqueued_at + priority steps, so that age wins
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )  # who asked; empty when code or a schedule did
    priority = models.SmallIntegerField(default=0)  # 0 goes first; one step yields to ten minutes of age
    max_attempts = models.SmallIntegerField(default=3)
    kind = models.TextField()
    queue = models.TextField(default="default")
    trigger = models.TextField(default="code")  # code, web, shell, schedule or event
    subject = models.TextField(default="")  # what it is about, in plain words: a file name, a title
    args = models.JSONField(default=dict)  # named arguments
    # From here on: written by release, claim, checkpoint and finish.
    run_after = models.DateTimeField(null=True)  # while it sleeps: not before this moment
    started_at = models.DateTimeField(null=True)  # by claim: the latest attempt
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)  # by cancel, when a worker already had it
    worker = models.ForeignKey(
        "jobs.Worker", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )  # by claim
    worker_pid = models.IntegerField(
        null=True
    )  # by claim: the child process, so that its death frees the job
    state = models.SmallIntegerField(choices=State.choices, default=State.READY)
    attempt = models.IntegerField(default=0)  # by claim: how often it was started
    failures = models.SmallIntegerField(
        default=0
    )  # by retry: counted against max_attempts; a lost worker is not
    deaths = models.SmallIntegerField(
        "workers lost", default=0
    )  # by rescue: workers lost since it last made progress
    lease = models.UUIDField(null=True)  # by claim: random, never issued twice; names the one who may write
    fingerprint = models.TextField(default="")  # by bury: exception type and top frame of our code
    result = models.JSONField(null=True)  # by succeed: at most 64 kB
    # By enqueue again: younger columns, with defaults in the database so that an older release can insert.
    tenant = models.TextField(default="", db_default="")  # whose turn it takes: fairness is between tenants
    lane = models.TextField(
        default="", db_default=""
    )  # its own line in the queue: the tenant, and the limit key
    limit_key = models.TextField(
        default="", db_default=""
    )  # what its limits count: the kind, or one of its arguments
    tags = ArrayField(models.TextField(), null=True)
    request_id = models.TextField(default="", db_default="")  # of the web request that asked
    parent_id = models.UUIDField(null=True)  # the job that made it
    schema_version = models.SmallIntegerField(default=1, db_default=1)  # of its arguments
    expires_at = models.DateTimeField(null=True)  # not started by then: cancelled
    options = models.JSONField(
        null=True
    )  # Celery's callbacks, chain, chord and limits that came with the call

    objects: ClassVar[models.Manager["Job"]] = JobQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [
            ("cancel_job", "Can cancel jobs of others"),
            ("retry_job", "Can run jobs of others now or again"),
        ]
        indexes: ClassVar = [
            models.Index("kind", "id", name="job_by_kind"),
            models.Index("owner", "id", name="job_by_owner", condition=Q(owner__isnull=False)),
            models.Index("run_after", "id", name="job_due", condition=Q(run_after__isnull=False)),
            models.Index("parent_id", "id", name="job_by_parent", condition=Q(parent_id__isnull=False)),
            models.Index("expires_at", "id", name="job_expires", condition=Q(expires_at__isnull=False)),
            BrinIndex(
                fields=["finished_at"], name="job_by_finished_at", pages_per_range=128, autosummarize=True
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="job_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=SLEEPING, run_after__isnull=False)
                | (~Q(state__in=SLEEPING) & Q(run_after__isnull=True)),
                name="job_sleeps_until_run_after",
            ),
            models.CheckConstraint(
                condition=Q(state=State.RUNNING, lease__isnull=False, started_at__isnull=False)
                | (~Q(state=State.RUNNING) & Q(lease__isnull=True)),
                name="job_runs_iff_it_holds_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, finished_at__isnull=False)
                | (~Q(state__in=ENDED) & Q(finished_at__isnull=True)),
                name="job_ended_iff_finished_at",
            ),
            models.CheckConstraint(
                condition=Q(attempt__gte=0, failures__gte=0, deaths__gte=0, max_attempts__gte=1),
                name="job_counts_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        """Name the job as logs and pages do."""
        return f"{self.kind} {self.id}"

    @property
    def has_ended(self) -> bool:
        """Say whether nothing more will happen to it by itself."""
        return self.state in states.ENDED

    @property
    def waits_for_its_batch(self) -> bool:
        """Say whether it sleeps until other jobs have ended, which name it as their parent."""
        return self.run_after == states.UNTIL_ITS_BATCH_ENDED
