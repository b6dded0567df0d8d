"""ReadOnlyAdmin: rows to find and read in the Django admin, written by jobs only."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import JSONField, Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

M = TypeVar("M", bound=Model)


class Tool(NamedTuple):
    """A link above a record: what can be done with it."""

    label: str
    url: str


class RecordPage(admin.ModelAdmin[M]):
    """A page with links to what can be done, and without the history of edits that nobody can make."""

    change_form_template = "admin/record.html"

    def tools(self, request: HttpRequest, object_id: str) -> Sequence[Tool]:  # noqa: ARG002  # for subclasses
        """Return what this person may do with a record."""
        return ()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by JSON: the number of hits would give away the secrets that are masked."""
        name = lookup.partition("__")[0]
        if any(isinstance(field, JSONField) and name == field.name for field in self.opts.get_fields()):
            return False
        return super().lookup_allowed(lookup, value, request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the record with its links."""
        tools = {"tools": self.tools(request, object_id)}
        return super().change_view(request, object_id, form_url, tools | (extra_context or {}))

    def history_view(
        self,
        request: HttpRequest,  # noqa: ARG002  # Django's signature
        object_id: str,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Go to the record: edits are what Django's page lists, and there are none."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[quote(object_id)]))


class ReadOnlyAdmin(RecordPage[Any]):
    """A list and a page without buttons that change something."""

    show_full_result_count = False  # counting a million rows twice a page helps nobody
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django's signature
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        """Refuse."""
        return False
