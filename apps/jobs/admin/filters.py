"""Filters that stay quick on a table of millions: by kind through its index, by age through the key."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
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


class DecisionFilter(admin.SimpleListFilter):
    """Show what nobody decided about, unless asked otherwise."""

    title = "decision"
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002  # Django's signature
        """Return the choices."""
        return [("replayed", "Replayed"), ("discarded", "Discarded"), ("any", "Any")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Return the choices, the first of which is what is shown without one."""
        for value, words in [("", "Open"), *self.lookup_choices]:
            query = changelist.get_query_string(
                {self.parameter_name: value}, [] if value else [self.parameter_name]
            )
            yield {"selected": (self.value() or "") == value, "query_string": query, "display": words}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen ones; a search by id or fingerprint looks at all."""
        chosen = self.value() or ""
        if chosen == "any" or (request.GET.get("q") and not chosen):
            return queryset
        decided = {"decided_at__isnull": chosen == ""}  # in the words of the index
        return queryset.filter(decision=chosen, **decided)


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
        return self.since(queryset, timezone.now() - timedelta(days=int(days)))

    def since(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """Keep rows whose key was made since then."""
        return queryset.filter(pk__gte=first_id_of(moment))


class AgeOfDeathFilter(AgeFilter):
    """The same for dead letters, whose job may be much older than its death."""

    title = "died"

    def since(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """Keep letters of jobs that died since then."""
        return queryset.filter(died_at__gte=moment)
