"""Uploads, imports and rejected rows in the Django admin: to look at."""

from django.contrib import admin

from apps.lib.read_only_admin import ReadOnlyAdmin
from apps.transfers.models import Import, RejectedRow, Upload


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """Files that were handed in."""

    list_display = ("name", "owner", "size", "created_at", "expires_at", "deleted_at")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    search_fields = ("name", "=sha256", "owner__email")


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Runs through files."""

    list_display = ("id", "upload", "kind", "rows_read", "created", "unchanged", "rejected", "finished_at")
    list_select_related = ("upload",)
    list_filter = ("kind",)
    search_fields = ("upload__name", "=job_id")


@admin.register(RejectedRow)
class RejectedRowAdmin(ReadOnlyAdmin):
    """Rows that could not go in."""

    list_display = ("import_run", "row", "cause", "reason")
    list_select_related = ("import_run",)
    search_fields = ("=import_run__id", "cause")
