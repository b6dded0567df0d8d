"""The newsletter in the Django admin: to look at. People subscribe and unsubscribe themselves."""

from typing import ClassVar

from django.contrib import admin

from apps.lib.read_only_admin import ReadOnlyAdmin
from apps.mail.models import Issue, Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Who asked for the newsletter, when, and what was sent last."""

    list_display = ("user", "asked_at", "ended_at", "last_issue")
    list_select_related = ("user", "last_issue")
    raw_id_fields: ClassVar = ["user"]
    search_fields = ("user__email",)


@admin.register(Issue)
class IssueAdmin(ReadOnlyAdmin):
    """What each issue says."""

    list_display = ("until", "since", "made_at")
