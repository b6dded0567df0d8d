"""ActionJobs: the jobs that one entry of the audit log changed, for entries about more than one."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.jobs.models.action import Action

MOST_IDS = 1000


class ActionJobs(models.Model):
    """Up to MOST_IDS of the jobs, in the order of their ids.

    A row per job, as in Django's LogEntry, would be a million rows for an action on a million jobs; an index
    of the array's elements would be as large.  The first and the last id find the rows that may hold a job.
    """

    id = models.BigAutoField(primary_key=True)
    action = models.ForeignKey(
        Action, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="jobs"
    )
    first_id = models.UUIDField()
    last_id = models.UUIDField()
    job_ids = ArrayField(models.UUIDField())

    class Meta:
        db_table = "jobs_action_jobs"
        indexes: ClassVar = [models.Index("first_id", "last_id", name="action_jobs_by_range")]
