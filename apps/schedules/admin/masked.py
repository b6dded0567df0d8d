"""Arguments of a schedule without secrets, for people who may not change it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from apps.jobs.kinds.arguments import pretty
from apps.lib import redact
from apps.schedules.admin import arguments
from apps.schedules.admin.columns import row_of
from apps.schedules.arguments import Unreadable, read_args, read_headers, read_kwargs
from apps.schedules.masked import by_position
from apps.schedules.row import Row

_RAW = frozenset({"args", "kwargs", "headers"})
_INSTEAD = {"typed_arguments": ("shown_arguments",), "args": (), "kwargs": (), "headers": ("shown_headers",)}


class MaskedArguments(PeriodicTaskAdmin):  # type: ignore[misc]  # untyped base
    """The editor sees what is edited; others see masked arguments; a list cannot be filtered by them."""

    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        """Return the fields; for a person who may only view, what is shown masked in place of the text."""
        found = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return found
        sections = [
            (
                title,
                {**section, "fields": [name for field in section["fields"] for name in _instead_of(field)]},
            )
            for title, section in found
        ]
        return [(title, section) for title, section in sections if section["fields"]]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by arguments: the number of hits would give away the secrets that are masked."""
        return lookup.partition("__")[0] not in _RAW and super().lookup_allowed(lookup, value, request)

    @admin.display(description="arguments")
    def shown_arguments(self, schedule: PeriodicTask) -> SafeString:
        """Return the arguments without secrets."""
        row = row_of(schedule)
        try:
            return _block(pretty(_masked(row)))
        except Unreadable:
            return _block(redact.scrubbed(f"{row.args}\n{row.kwargs}"))

    @admin.display(description="headers")
    def shown_headers(self, schedule: PeriodicTask) -> SafeString:
        """Return the headers of the message without secrets."""
        row = row_of(schedule)
        try:
            return _block(pretty(read_headers(row)))
        except Unreadable:
            return _block(redact.scrubbed(row.headers))


def _masked(row: Row) -> object:
    named = arguments.named(row)
    if named is not None:
        return redact.masked(named)
    args, kwargs = by_position(row.task, read_args(row)), redact.masked(read_kwargs(row))
    return {"args": args, "kwargs": kwargs} if args else kwargs


def _instead_of(field: Any) -> tuple[Any, ...]:
    return _INSTEAD.get(field, (field,)) if isinstance(field, str) else (field,)


def _block(text: str) -> SafeString:
    return format_html('<pre class="wraps">{}</pre>', text)
