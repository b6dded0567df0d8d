"""LineMark: the point in a queue's line before which only removed rows are left."""

from django.db import models


class LineMark(models.Model):
    """Low-water mark of one queue, written by the keeper; a queue without a mark is read from its start.

    Rows may enter the line before the mark. The relay finds them without it.
    """

    queue = models.TextField(primary_key=True)
    begins_at = models.DateTimeField()  # rank
    begins_id = models.UUIDField()  # within the rank: the jobs of one call may share it
    has_lanes = models.BooleanField()  # beside the one without a name
    # The key of a row that waits, late in the line; null: there was none.
    waiting_lane = models.TextField(null=True)  # noqa: DJ001  # a lane may have the empty name
    waiting_rank = models.DateTimeField(null=True)
    waiting_id = models.UUIDField(null=True)
    marked_at = models.DateTimeField()

    class Meta:
        db_table = "jobs_line_mark"
