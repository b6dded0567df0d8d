"""MatchedLine: how many rows of a running import were found to be lines that were there before it.

Without it, the second of two identical rows could be taken for the same old line
as the first, chunks later. Written only when a row matches; emptied when the import ends.
"""

from typing import ClassVar

from django.db import models


class MatchedLine(models.Model):
    """A count for one import and one line, as told by its order and fingerprint."""

    pk = models.CompositePrimaryKey("import_id", "order_id", "fingerprint")
    import_id = models.BigIntegerField()
    order_id = models.BigIntegerField()
    fingerprint = models.BigIntegerField()
    rows = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(rows__gte=1), name="matched_line_counts_rows")
        ]
