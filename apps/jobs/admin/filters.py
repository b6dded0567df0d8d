"""Filters that stay quick on a table of millions: by kind through its index, by age through the key."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.jobs import registry
from apps.lib.ids import first_id_of

_DAYS = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days", "all": "Any time"}
_USUAL = "7"


class KindFilter(admin.SimpleListFilter):
    """Offer the job types that the code knows; asking the table would read all of it."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # Django's signature
        """Return every kind."""
        return [(kind, kind) for kind in sorted(registry.kinds())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Keep rows of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class AgeFilter(admin.SimpleListFilter):
    """Show the last week unless asked otherwise, so that a filter by state reads one or two partitions."""

    title = "enqueued"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # Django's signature
        """Return the choices."""
        return list(_DAYS.items())

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return the choices without Django's own "All", which would be a second "Any time"."""
        chosen = self.value() or _USUAL
        for days, words in _DAYS.items():
            query = changelist.get_query_string({self.parameter_name: days})
            yield {"selected": chosen == days, "query_string": query, "display": words}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep rows whose key was made since then; a search by id looks everywhere."""
        days = self.value() or _USUAL
        if not days.isdigit() or days not in _DAYS or request.GET.get("q"):
            return queryset
        return queryset.filter(pk__gte=first_id_of(timezone.now() - timedelta(days=int(days))))
