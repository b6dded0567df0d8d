"""Fact: something that happened, written down in the transaction in which it did."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.lib.ids import new_id


class Fact(models.Model):
    """One emitted event; it is never changed, and forgotten after BACKLINE_EVENT_DAYS."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.TextField("event")
    data = models.JSONField()  # the event's fields
    emitted_at = models.DateTimeField()  # by emit: the database's clock
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )  # who was asking
    tenant = models.TextField(default="", db_default="")
    request_id = models.TextField(default="", db_default="")
    parent_id = models.UUIDField(null=True)  # the job that emitted it
    key = models.TextField(default="", db_default="")  # the caller's own: an event with it happens once

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name = "event"
        default_permissions: ClassVar = ("view",)
        permissions: ClassVar = [("replay_fact", "Can replay events to a listener")]
        indexes: ClassVar = [models.Index("name", "id", name="fact_by_event")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "name", "key", name="event_with_a_key_happens_once", condition=Q(key__gt="")
            ),
            models.CheckConstraint(condition=Q(name__gt=""), name="fact_names_its_event"),
        ]

    def __str__(self) -> str:
        """Name the event and the fact."""
        return f"{self.name} {self.id}"
