"""Results of plain Celery tasks in the Django admin: arguments, results and errors without secrets."""

import json

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_results.models import TaskResult

from apps.jobs import plain_calls
from apps.jobs.kinds import arguments
from apps.lib import redact

_LONGEST = 10_000
_RAW = frozenset({"task_args", "task_kwargs", "result", "traceback", "meta"})

admin.site.unregister(TaskResult)


@admin.register(TaskResult)
class PlainResultAdmin(admin.ModelAdmin[TaskResult]):
    """What may hold a secret is shown masked, and cannot be searched for, filtered by or edited."""

    date_hierarchy = "date_done"
    list_display = ("task_id", "periodic_task_name", "task_name", "date_done", "status", "worker")
    list_filter = ("status", "date_done", "periodic_task_name", "task_name", "worker")
    list_per_page = 50
    search_fields = ("task_name", "task_id", "status")
    readonly_fields = (
        *("task_id", "task_name", "periodic_task_name", "status", "worker"),
        *("shown_args", "shown_kwargs", "shown_result"),
        *("date_created", "date_started", "date_done", "shown_traceback", "shown_meta"),
    )
    fields = readonly_fields

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  # Django's signature
        """Refuse: results come from workers, and a form without a field cannot be filled."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse to filter by what is shown masked: the number of hits would give it away."""
        return lookup.partition("__")[0] not in _RAW and super().lookup_allowed(lookup, value, request)

    @admin.display(description="positional arguments")
    def shown_args(self, stored: TaskResult) -> SafeString:
        """Return the arguments without secrets."""
        return _block(_value(stored.task_args))

    @admin.display(description="named arguments")
    def shown_kwargs(self, stored: TaskResult) -> SafeString:
        """Return the named arguments without secrets."""
        return _block(_value(stored.task_kwargs))

    @admin.display(description="result")
    def shown_result(self, stored: TaskResult) -> SafeString:
        """Return the result, or the error, without secrets."""
        return _block(_value(stored.result))

    @admin.display(description="traceback")
    def shown_traceback(self, stored: TaskResult) -> SafeString:
        """Return the traceback without secrets."""
        return _block(redact.scrubbed(stored.traceback or ""))

    @admin.display(description="meta")
    def shown_meta(self, stored: TaskResult) -> SafeString:
        """Return what Celery noted beside the result, without secrets."""
        return _block(_value(stored.meta))


def _value(stored: str | None) -> str:
    """Return a stored value without secrets: JSON, or the text that a worker made of arguments."""
    try:
        read = json.loads(stored or "null")
    except ValueError:
        return redact.scrubbed(stored or "")
    if isinstance(read, str):
        return plain_calls.masked_text(read)
    if isinstance(read, dict) and "exc_type" in read:
        return redact.scrubbed(json.dumps(read, ensure_ascii=False, indent=2))
    return "" if read is None else arguments.pretty(read)


def _block(text: str) -> SafeString:
    return format_html('<pre class="wraps">{}</pre>', arguments.cut(text, _LONGEST))
