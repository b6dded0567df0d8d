"""Delivery: the job that a fact became at a listener."""

from typing import ClassVar

from django.db import models

from apps.events.models.fact import Fact


class Delivery(models.Model):
    """Written when the fact is emitted, and at each replay."""

    id = models.BigAutoField(primary_key=True)
    fact = models.ForeignKey(
        Fact, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="deliveries"
    )
    kind = models.TextField("listener")
    job_id = models.UUIDField()  # another's where the kind is unique and there was one
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        default_permissions: ClassVar = ()
        verbose_name_plural = "deliveries"
        indexes: ClassVar = [
            models.Index("fact", "kind", name="delivery_of_a_fact"),
            models.Index("job_id", name="delivery_by_job"),
        ]

    def __str__(self) -> str:
        """Name the listener and its job."""
        return f"{self.kind} {self.job_id}"
