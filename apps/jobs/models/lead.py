"""Lead: the keeper that leads, and until when."""

from django.db import models

LEASE_S = 5.0


class Lead(models.Model):
    """One row: the lease that the leading keeper renews each second."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    holder = models.UUIDField()  # drawn by each keeper at its start
    keeper = models.TextField()  # host and pid
    renewed_at = models.DateTimeField()  # by the database's clock
