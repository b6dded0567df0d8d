"""Filters of facts: by event through its index, by age through the key."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.events.event import known
from apps.events.models import Fact
from apps.jobs.admin.filters import AgeFilter


class EventFilter(admin.SimpleListFilter):
    """Offer the events that the code knows; asking the table would read all of it."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # Django's signature
        """Return every event."""
        return [(name, name) for name in sorted(known())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fact]) -> QuerySet[Fact]:  # noqa: ARG002
        """Keep facts of the chosen event."""
        return queryset.filter(name=self.value()) if self.value() else queryset


class EmittedFilter(AgeFilter):
    """The last week, unless asked otherwise."""

    title = "emitted"
