"""Duty: when the leading keeper last did what."""

from typing import ClassVar

from django.db import models


class Duty(models.Model):
    """One duty's latest run."""

    name = models.TextField(primary_key=True)
    keeper = models.TextField()  # host and pid of the leader
    ran_at = models.DateTimeField("last run")
    took_ms = models.FloatField("duration in ms")
    did = models.IntegerField("rows changed", default=0)  # how many rows it moved
    error = models.TextField(default="")  # empty when all was well

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = "keeper task"

    def __str__(self) -> str:
        """Name the task in headings."""
        return self.name
