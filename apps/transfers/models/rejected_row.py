"""RejectedRow: a row of a file that could not go in, with the reason."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class RejectedRow(models.Model):
    """One row as it stood in the file, and what to mend."""

    import_run = models.ForeignKey(
        "transfers.Import",
        models.CASCADE,
        related_name="rejected_rows",
        db_index=False,
        db_column="import_id",
    )
    row = models.BigIntegerField()  # as a spreadsheet numbers it: the header is 1, blank rows count
    column = models.TextField()  # the first one at fault; empty when it is the row as a whole
    cause = models.TextField()  # the same few words for every row with this fault
    reason = models.TextField()  # where, what, what was expected
    fields = models.JSONField()  # the row's fields in the file's order, cut when very long

    class Meta:
        ordering: ClassVar = ["import_run", "row"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["import_run", "row"], name="rejected_row_is_told_once"),
            models.CheckConstraint(condition=Q(row__gte=2), name="rejected_row_is_below_the_header"),
        ]

    def __str__(self) -> str:
        """Say where it is."""
        return f"row {self.row}"
