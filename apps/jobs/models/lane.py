"""Lane: one tenant's, or one limit's, own line in a queue."""

from django.db import models


class Lane(models.Model):
    """Whose turn it is: the relay serves the lane that had the least so far."""

    pk = models.CompositePrimaryKey("queue", "lane")
    queue = models.TextField()
    lane = models.TextField()
    vtime = models.FloatField(default=0)  # how much it was served, by its weight
    weight = models.FloatField(default=1)
    has_ready = models.BooleanField(default=True)
    limit_key = models.TextField(default="", db_default="")  # of the jobs in it, when a limit counts them
    blocked_until = models.DateTimeField(null=True)  # by a limit: nothing of it may start before

    class Meta:
        managed = False  # made with its storage settings by the migrations
        db_table = "jobs_lane"
