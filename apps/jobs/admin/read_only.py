"""Admin pages of tables that only the platform writes, and that may hold millions of rows."""

from functools import cached_property
from typing import ClassVar, TypeVar
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.lib.read_only_admin import RecordPage

M = TypeVar("M", bound=Model)

_MOST_COUNTED = 2000


class ShortPaginator(Paginator[M]):
    """Pages of the first rows; counting stops early, since a whole count reads a whole table."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, at most 2,000."""
        rows = self.object_list
        return rows.order_by()[:_MOST_COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class ReadOnlyAdmin(RecordPage[M]):
    """Look, do not touch: rows are made, changed and deleted by transitions alone."""

    paginator = ShortPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    sortable_by: ClassVar[tuple[str, ...]] = ()  # other orders have no index
    search_help_text = "A complete job id"
    search_fields: ClassVar[tuple[str, ...]] = ("job_id",)
    id_field = "job_id"

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django's signature
        """Refuse: rows come from enqueue and the workers."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:  # noqa: ARG002
        """Refuse: a hand-made edit would break what the row promises."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:  # noqa: ARG002
        """Refuse: old weeks are dropped whole."""
        return False

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django's signature
        queryset: QuerySet[M],
        search_term: str,
    ) -> tuple[QuerySet[M], bool]:
        """Find by id, and by what else a subclass knows; never by reading every row."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return self.search_by_id(queryset, UUID(term)), False
        except ValueError:
            return self.search(queryset, term), False

    def search_by_id(self, queryset: QuerySet[M], job_id: UUID) -> QuerySet[M]:
        """Find the rows of a job; a table that knows no jobs shows all it has."""
        if not self.id_field:
            return queryset
        return queryset.filter(**{self.id_field: job_id})

    def search(self, queryset: QuerySet[M], term: str) -> QuerySet[M]:  # noqa: ARG002  # for subclasses  # noqa: ARG002
        """Find rows by something else than an id; nothing, unless a subclass knows better."""
        return queryset.none()
