"""Import: one file on its way into tables, with what came of it so far.

Its counts and ``last_row`` are written in the same transaction as the rows they
count, so they are true after any crash, and say where to go on.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Encoding(models.TextChoices):
    """How the file's bytes become text."""

    UTF_8 = "utf-8", "UTF-8"
    CP1252 = "cp1252", "Windows-1252"
    UTF_16 = "utf-16", "UTF-16"


class Import(models.Model):
    """A run through one upload by one job."""

    upload = models.ForeignKey("transfers.Upload", models.PROTECT, related_name="imports")
    job_id = models.UUIDField(null=True, db_index=True)  # no foreign key: old jobs are dropped by the week
    kind = models.TextField()  # of the job that runs it, such as imports.order_lines
    encoding = models.TextField(choices=Encoding.choices, default=Encoding.UTF_8)
    columns = models.JSONField(default=list)  # of the file's first row, once read
    last_row = models.BigIntegerField(default=0)  # spreadsheet row up to which everything is in or rejected
    rows_read = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    details = models.JSONField(
        default=dict
    )  # what else came about, by table: {"orders": {"created": 7, ...}}
    message = models.TextField(blank=True)  # what came of it, in a sentence or two
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)  # the file was read to its end

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    rows_read=models.F("created")
                    + models.F("updated")
                    + models.F("unchanged")
                    + models.F("rejected")
                ),
                name="import_accounts_for_every_row",
            ),
            models.CheckConstraint(
                condition=Q(encoding__in=Encoding.values), name="import_encoding_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the import by number."""
        return f"import {self.pk}"

    @property
    def failed(self) -> bool:
        """Return whether the file could not be read to its end; ``message`` is the reason."""
        return self.finished_at is None and bool(self.message)
