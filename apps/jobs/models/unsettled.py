"""Unsettled: a job that ended badly while others wait for it in a chain or a chord."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Unsettled(models.Model):
    """One job whose failure those that wait for it were not told of yet.

    Written by a trigger on the job table, whoever ended the job, so that nothing can forget it; deleted by
    the one who tells them: the worker in the same transaction, else the keeper.
    """

    job_id = models.UUIDField(primary_key=True)
    due_at = models.DateTimeField(db_default=Now())  # when the keeper looks at it
    tries = models.SmallIntegerField(default=0, db_default=0)  # by the keeper: how often it could not

    class Meta:
        db_table = "jobs_unsettled"
        indexes: ClassVar = [models.Index("due_at", name="unsettled_by_due_at")]
